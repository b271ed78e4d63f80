"""Measures every model of a run on the same held-out text, each once."""

import json
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.utilities import move_data_to_device
from transformers import PreTrainedModel

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.model_folder import read_json
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.tuning.compute.architecture import check_isolation
from hypnos.tuning.compute.attention import set_attention
from hypnos.tuning.compute.loss import Batch, document_nats

log = logging.getLogger(__name__)

NO_ROOM = "no room for an answer"
"""Part of the reason in `report.json` why a record that is too long is left out."""

VERSION = 3
"""Raised when code changes what is measured."""

FILE = "measure.json"
RECORDS = "records.json"


@dataclass(frozen=True, slots=True)
class Measure:
    """Likelihood of held-out answers.

    Attributes:
        loss: nats per label; comparable only under one vocabulary.
        bits_per_char: bits per character of the answers, the token that ends them included.
        tokens_per_char: labels per character of the answers.
        tokens: labels, the tokens of the loss mask.
        characters: of the answers.
    """

    loss: float
    bits_per_char: float
    tokens_per_char: float
    tokens: int
    characters: int

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


class HeldOut:
    """Held-out sets by name, and the measures made of them."""

    def __init__(self, data: Mapping[str, Any], folder: Path) -> None:
        """Take DataModules without a tokenizer, and the folder of measures."""
        self.data = data
        self.folder = folder

    def prepare(self, tokenizer: Path) -> dict[str, Any]:
        """Every set in the tokens of a tokenizer, tokenised unless that was done before."""
        sets = {name: data.with_tokenizer(tokenizer) for name, data in self.data.items()}
        for data in sets.values():
            data.prepare_data()
        return sets

    def measure(self, model_key: str, tokenizer: Path, read: Callable[[], PreTrainedModel]) -> dict[str, Any]:
        """Measure a model on every set, unless that was done before.

        Args:
            model_key: names the model.
            tokenizer: its tokenizer's directory.
            read: loads the model, if it has to be measured.

        Returns:
            By name of the set, the fields of `Measure`.
        """
        directory = self._folder_of(model_key)

        def write(partial: Path) -> None:
            sets = self.prepare(tokenizer)
            model = _ready(read())
            if any(data.packing != "none" for data in sets.values()):
                check_isolation(model)
            measures, records = {}, {}
            for name, data in sets.items():
                _warn_of_lost_text(name, data)
                total, bits = measure(model, data.val_dataloader())
                measures[name] = total.as_dict()
                records[name] = {**data.held_out_documents(), "bits": bits}
            (partial / RECORDS).write_text(json.dumps(records, ensure_ascii=False), "utf-8")
            (partial / FILE).write_text(json.dumps(measures, indent=1), "utf-8")

        make_once(directory, write, sealed=True)
        return read_json(directory / FILE)

    def records(self, model_key: str) -> dict[str, dict[str, list[Any]]]:
        """What was measured of each record, by name of the set: `records`, `groups`, `characters` and `bits`."""
        return read_json(self._folder_of(model_key) / RECORDS)

    def keys(self) -> dict[str, str]:
        """By name of the set, what decides its text: measures of one text alone can be compared."""
        return {name: content_key(data.documents_key()) for name, data in self.data.items()}

    def _folder_of(self, model_key: str) -> Path:
        sets = {name: data.documents_key() for name, data in self.data.items()}
        return artefact_folder(
            self.folder, "measure", content_key({"version": VERSION, "model": model_key, "data": sets})
        )


@torch.inference_mode()
def measure(model: PreTrainedModel, rows: Iterable[Batch]) -> tuple[Measure, list[float]]:
    """Measure a model on all rows.

    Returns:
        The measure of all, and the bits of each document in the order of the rows.
    """
    bits: list[float] = []
    tokens = characters = 0
    for row in rows:
        nats = document_nats(model, move_data_to_device(row, model.device))
        bits += (nats / math.log(2)).tolist()
        tokens += row["labels"].numel()
        characters += int(row["characters"])
    total = Measure(
        loss=sum(bits) * math.log(2) / max(tokens, 1),
        bits_per_char=sum(bits) / max(characters, 1),
        tokens_per_char=tokens / max(characters, 1),
        tokens=tokens,
        characters=characters,
    )
    return total, bits


def _warn_of_lost_text(name: str, data: Any) -> None:
    """Say where a vocabulary had no room for all of a text: others are then measured on more of it."""
    if not data.heldout_only:
        return  # its counts are mostly of what is trained on
    counts = read_json(data.directory / "report.json")["sources"].values()
    cut = sum(source["truncated"] for source in counts)
    gone = sum(number for source in counts for reason, number in source["rejected"].items() if NO_ROOM in reason)
    if cut or gone:
        log.warning(
            "heldout.%s: under the vocabulary %s max_length %d cut %d documents and left out %d records; what another "
            "vocabulary cuts differently is not compared with it",
            *(name, data.tokenizer, data.max_length, cut, gone),
        )


def _ready(model: PreTrainedModel) -> PreTrainedModel:
    """A model that was just read, to be measured: on a GPU where there is one."""
    set_attention(model, "auto")
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
