"""Every model of a run on the same held-out text, measured once."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from hypnos.corpus.artefacts import make_once, place
from hypnos.corpus.keys import content_key
from hypnos.tuning.measure import VERSION, measure

FILE = "measure.json"


class HeldOut:
    """Held-out sets by name, and the measures made of them."""

    def __init__(self, data: Mapping[str, Any], folder: Path) -> None:
        """Take DataModules and the folder of measures."""
        self.data = data
        self.folder = folder

    def prepare(self, tokenizer: Path) -> None:
        """Tokenise every set with a tokenizer, unless that was done before."""
        for data in self.data.values():
            data.use_tokenizer(tokenizer)
            data.prepare_data()

    def measure(self, model_key: str, tokenizer: Path, read: Callable[[], PreTrainedModel]) -> dict[str, Any]:
        """Measure a model on every set, unless that was done before.

        Args:
            model_key: names the model.
            tokenizer: its tokenizer's directory.
            read: loads the model, if it has to be measured.

        Returns:
            By name of the set, the fields of `Measure`.
        """
        sets = {name: data.documents_key() for name, data in self.data.items()}
        key = content_key({"version": VERSION, "model": model_key, "data": sets})
        directory = place(self.folder, "measure", key)

        def write(partial: Path) -> None:
            self.prepare(tokenizer)
            model = read()
            found = {name: measure(model, data.val_dataloader()).as_dict() for name, data in self.data.items()}
            (partial / FILE).write_text(json.dumps(found, indent=1), "utf-8")

        make_once(directory, write)
        return dict(json.loads((directory / FILE).read_text("utf-8")))
