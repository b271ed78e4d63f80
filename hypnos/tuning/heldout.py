"""Every model of a run on the same held-out text, measured once."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.store import make_once, place
from hypnos.tuning.measure import VERSION, measure

FILE = "measure.json"
RECORDS = "records.json"


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
        directory = self._place(model_key)

        def write(partial: Path) -> None:
            self.prepare(tokenizer)
            model = read()
            whole, records = {}, {}
            for name, data in self.data.items():
                found, bits = measure(model, data.val_dataloader())
                whole[name] = found.as_dict()
                records[name] = {**data.held_out_documents(), "bits": bits}
            (partial / RECORDS).write_text(json.dumps(records, ensure_ascii=False), "utf-8")
            (partial / FILE).write_text(json.dumps(whole, indent=1), "utf-8")

        make_once(directory, write)
        return dict(json.loads((directory / FILE).read_text("utf-8")))

    def records(self, model_key: str) -> dict[str, dict[str, list[Any]]]:
        """What was measured of each record, by name of the set: `records`, `groups`, `characters` and `bits`."""
        return dict(json.loads((self._place(model_key) / RECORDS).read_text("utf-8")))

    def keys(self) -> dict[str, str]:
        """By name of the set, what decides its text: measures of one text alone can be compared."""
        return {name: content_key(data.documents_key()) for name, data in self.data.items()}

    def _place(self, model_key: str) -> Path:
        sets = {name: data.documents_key() for name, data in self.data.items()}
        return place(self.folder, "measure", content_key({"version": VERSION, "model": model_key, "data": sets}))
