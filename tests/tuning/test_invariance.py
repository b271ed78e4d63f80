"""A step's loss and gradient depend on its documents alone, not on how they are packed, cut into micro-batches or shared."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from pytorch_lightning import LightningDataModule, Trainer
from torch.utils.data import DataLoader

from hypnos.data.pack import Packing, pack
from hypnos.data.rows import PackedRows, StepSampler
from hypnos.tuning.schedule import constant

LENGTHS = [40, 7, 64, 23, 12, 55, 31, 9]


def make_documents() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    rows = []
    for i, length in enumerate(LENGTHS):
        learnt = [place > length // 3 + i % 3 for place in range(length)]
        ids = torch.randint(3, 1500, (length,), generator=generator).tolist()
        rows.append(
            {"input_ids": ids, "learnt": learnt, "length": length, "learnt_tokens": sum(learnt), "characters": length}
        )
    return Dataset.from_list(rows)


class OneStep(LightningDataModule):
    """All documents in one optimizer step."""

    def __init__(self, packing: Packing, seed: int) -> None:
        super().__init__()
        self.rows = PackedRows(make_documents(), packing)
        self.seed = seed

    def train_dataloader(self) -> DataLoader:
        order = StepSampler(self.rows.loss_tokens, rows_per_step=len(self.rows), seed=self.seed)
        return DataLoader(self.rows, sampler=order, batch_size=None)


def step(tuning, directory: Path, packing: Packing, tmp_path: Path, *, seed: int = 0, precision: str = "32-true"):
    """The loss of the step, and its gradient: what plain descent at rate 1 takes away."""
    torch.manual_seed(0)  # where adapters start
    module = tuning(lr=1.0, optimizer=torch.optim.SGD, schedule=partial(constant, warmup=0.0))
    module.load(directory)
    before = {n: p.detach().clone() for n, p in module.model.named_parameters() if p.requires_grad}
    trainer = Trainer(
        accelerator="cpu",
        precision=precision,
        max_epochs=1,
        accumulate_grad_batches=len(packing),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(tmp_path),
    )
    trainer.fit(module, datamodule=OneStep(packing, seed))
    assert trainer.global_step == 1
    after = dict(module.model.named_parameters())
    return float(trainer.callback_metrics["train/loss"]), {n: before[n] - after[n].detach() for n in before}


LAYOUTS = {
    "one document a row": pack(np.array(LENGTHS), 64, method="none"),
    "rows of 64": pack(np.array(LENGTHS), 64),
    "rows of 128, first fit": pack(np.array(LENGTHS), 128, method="first_fit"),
    "one row": Packing(np.arange(8), np.array([0, 8])),
    "one row, backwards": Packing(np.arange(8)[::-1].copy(), np.array([0, 8])),
}


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_loss_and_gradient_do_not_know_the_layout(kind, full, lora, small_directory, tmp_path):
    tuning = {"full": full, "lora": lora}[kind]
    directory = small_directory()
    assert len({len(packing) for packing in LAYOUTS.values()}) >= 4  # as many numbers of micro-batches
    expected, gradient = step(tuning, directory, LAYOUTS["one document a row"], tmp_path)
    assert max(g.abs().max().item() for g in gradient.values()) > 1e-3
    for name, packing in LAYOUTS.items():
        for seed in (0, 1):  # the order inside the step
            loss, other = step(tuning, directory, packing, tmp_path, seed=seed)
            assert loss == pytest.approx(expected, abs=1e-5), name
            for parameter, value in gradient.items():
                assert (value - other[parameter]).abs().max().item() < 1e-5, (name, parameter)


def test_in_bf16_they_agree_to_its_rounding(full, small_directory, tmp_path):
    directory = small_directory()
    found = [step(full, directory, LAYOUTS[n], tmp_path, precision="bf16-mixed") for n in ("one row", "rows of 64")]
    assert found[0][0] == pytest.approx(found[1][0], rel=2**-8)
    for name, value in found[0][1].items():
        scale = max(value.abs().max().item(), 1e-3)
        assert (value - found[1][1][name]).abs().max().item() < 0.05 * scale, name
