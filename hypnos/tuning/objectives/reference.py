"""Keeps how likely every answer is to the model a stage starts from; made once, so that no second model is held."""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric.utilities import move_data_to_device
from torch import Tensor

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.tuning.compute.loss import document_nats
from hypnos.tuning.job import StageJob

VERSION = 1
"""Raised when code changes what is measured."""

TRAIN, HELD_OUT = "train.npy", "heldout.npy"


@dataclass(frozen=True, slots=True)
class Reference:
    """Log-likelihoods in nats, by the number of a document: `(documents,)`, float64."""

    train: Tensor
    held_out: Tensor

    def of(self, documents: Tensor, *, held_out: bool) -> Tensor:
        """Those of some documents: `(documents,)`."""
        return (self.held_out if held_out else self.train)[documents.cpu()]


def read_reference(job: StageJob, data: Any, module: Any, *, precision: str) -> Reference:
    """The log-likelihoods under the stage's parent, made if they are not there; other ranks wait for the first one.

    Args:
        job: the stage.
        data: `hypnos.data.pairs.datamodule.PreferenceData`, ready to be read.
        module: the tuning, which says how the parent is read.
        precision: the trainer's: logits are made in the type in which they are trained.
    """
    settings = {"dtype": str(module.weights_dtype), "precision": precision}
    if quantization := getattr(module, "quantization", None):
        settings["quantization"] = quantization
    tokens = data.directory.name
    key = content_key({"version": VERSION, "model": job.parent_key, "tokens": tokens, **settings})
    folder = artefact_folder(data.cache, "reference", key)

    def write(partial: Path) -> None:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = module.read(job.parent).to(device).eval()
        half = {"bf16": torch.bfloat16, "16": torch.float16}.get(precision.partition("-mixed")[0])
        mixed = "mixed" in precision and half is not None
        with torch.autocast(device.type, dtype=half) if mixed else nullcontext():
            for name, rows in ((TRAIN, data.every_pair), (HELD_OUT, data.held_out_rows)):
                values = np.full(len(rows.documents), np.nan)
                for row in data.in_order(rows):
                    nats = document_nats(model, move_data_to_device(row, device))
                    values[row["documents"].numpy()] = -nats.cpu().numpy()
                np.save(partial / name, values)
        (partial / "reference.json").write_text(json.dumps({"parent": job.parent_key, "data": tokens, **settings}))

    make_once(folder, write, sealed=True)
    return Reference(*(torch.from_numpy(np.load(folder / name)) for name in (TRAIN, HELD_OUT)))
