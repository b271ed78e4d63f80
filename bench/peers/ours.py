"""This project's tuning: packed rows, attention per document, a loss without a table of logits."""

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from pytorch_lightning import LightningDataModule, Trainer
from torch.utils.data import DataLoader

from bench.peers.work import LAYERS, LENGTH, LORA, LR, make_model, make_pairs, measure
from hypnos.data.pack import pack
from hypnos.data.rows import PackedRows, StepSampler
from hypnos.tuning.full import FullTuning
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.module import Tuning
from hypnos.tuning.schedule import constant


class Pairs(LightningDataModule):
    """The pairs in packed rows."""

    def __init__(self, pairs: list[dict[str, list[int]]], *, length: int, rows_per_step: int) -> None:
        super().__init__()
        learnt = [[label >= 0 for label in pair["labels"]] for pair in pairs]
        lengths = np.array([len(pair["input_ids"]) for pair in pairs])
        documents = datasets.Dataset.from_dict(
            {
                "input_ids": [pair["input_ids"] for pair in pairs],
                "learnt": learnt,
                "length": lengths,
                "learnt_tokens": [sum(flags) for flags in learnt],
                "characters": lengths,
            }
        )
        self.tokens = int(lengths.sum())
        self.rows = PackedRows(documents, pack(lengths, length, method="best_fit"))
        self.rows_per_step = rows_per_step

    def train_dataloader(self) -> DataLoader:
        steps = StepSampler(self.rows.loss_tokens, rows_per_step=self.rows_per_step, seed=0)
        return DataLoader(self.rows, sampler=steps, batch_size=None, pin_memory=torch.cuda.is_available())


def main(kind: str, precision: str) -> None:
    torch.set_num_threads(1)
    shared: dict[str, Any] = {
        "lr": LR,
        "optimizer": partial(torch.optim.AdamW, fused=True),
        "schedule": partial(constant, warmup=0.0),
    }
    module: Tuning
    if kind == "full":
        module = FullTuning(**shared)
    else:
        module = LoraTuning(**shared, **LORA, target_modules=LAYERS, train_embeddings=False)
    data = Pairs(make_pairs(), length=LENGTH, rows_per_step=1)  # about as many steps as the peers take
    with tempfile.TemporaryDirectory() as folder:
        make_model().save_pretrained(folder)
        module.load(Path(folder))
        trainer = Trainer(
            accelerator="cpu",
            precision="bf16-mixed" if precision == "bf16" else "32-true",
            max_epochs=1,
            gradient_clip_val=1.0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
        )
        measure(lambda: trainer.fit(module, datamodule=data), data.tokens)


if __name__ == "__main__":
    main(*sys.argv[1:])
