"""Measures how alike a question and an answer are to an embedding model in a folder of this machine."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from hypnos.artefacts.keys import file_key
from hypnos.errors import UserError


class Embedding:
    """A model of Model2Vec or Sentence Transformers; nothing is sent or downloaded."""

    def __init__(self, folder: Path) -> None:
        """Name the folder.

        Raises:
            UserError: there is none, or the package that reads it is not installed.
        """
        self.folder = folder
        if not folder.is_dir():
            raise UserError(f"step.fit.embedding: {folder}: no such folder")
        assert self._model is not None

    def key(self) -> dict[str, Any]:
        """The folder by its content."""
        return {"embedding": file_key(self.folder)}

    def likeness(self, questions: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        """Cosine of each question and its answer, from -1 to 1."""
        first, second = (np.asarray(self._model.encode(list(several)), float) for several in (questions, answers))
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        return (first * second).sum(1) / np.maximum(lengths, 1e-12)

    def __reduce__(self) -> tuple[Any, ...]:
        return Embedding, (self.folder,)  # a worker reads the model itself

    @cached_property
    def _model(self) -> Any:
        package = "model2vec" if self._is_static() else "sentence-transformers"
        try:
            if package == "model2vec":
                from model2vec import StaticModel

                return StaticModel.from_pretrained(str(self.folder))
            from sentence_transformers import SentenceTransformer

            return SentenceTransformer(str(self.folder), device="cpu")
        except ImportError as error:
            raise UserError(f"step.fit.embedding: {self.folder}: pip install {package}, which reads it") from error

    def _is_static(self) -> bool:
        """Whether Model2Vec wrote it: older versions said so in config.json, newer ones in modules.json."""
        config, modules = self.folder / "config.json", self.folder / "modules.json"
        if config.is_file() and orjson.loads(config.read_bytes()).get("model_type") == "model2vec":
            return True
        parts = orjson.loads(modules.read_bytes()) if modules.is_file() else []
        return any(part["type"].endswith("StaticEmbedding") and part["path"] == "." for part in parts)
