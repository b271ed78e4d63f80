"""Checkpoints are whole or absent, sound or set aside, and of one stage."""

import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, Trainer

from hypnos.errors import UserError
from hypnos.tuning.callbacks.checkpoints import STAGE_KEY, Checkpoints, WholeFiles, _is_validated_now, newest_sound


@pytest.mark.parametrize(("precision", "ends"), [("32-true", True), ("bf16-mixed", True), ("16-mixed", False)])
def test_a_step_that_a_scaled_loss_skips_is_no_divergence(precision, ends):
    metrics = {"train/loss": torch.tensor(2.0), "train/grad_norm": torch.tensor(torch.inf)}
    trainer = SimpleNamespace(callback_metrics=metrics, precision=precision, global_step=3)
    with pytest.raises(UserError, match="grad_norm is inf") if ends else nullcontext():
        Checkpoints()._check_finite(trainer)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    for step in (2, 10):
        state = {STAGE_KEY: "k" * 64, "state_dict": {"w": torch.full((1000,), float(step))}}
        WholeFiles().save_checkpoint(state, tmp_path / f"step-{step}.ckpt")
    return tmp_path


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def flip(file: Path) -> None:
    """One bit in the middle of the weights, which torch reads without a word."""
    content = bytearray(file.read_bytes())
    content[content.index(b"\x00\x00\x20\x41" * 8) + 1] ^= 1
    file.write_bytes(content)
    torch.load(file, weights_only=True)


def replace(file: Path) -> None:
    file.write_text("not a checkpoint", "utf-8")


def test_the_newest_is_that_of_the_last_step(checkpoints):
    assert newest_sound(checkpoints, "k" * 64) == checkpoints / "step-10.ckpt"
    assert newest_sound(checkpoints / "none", "k") is None


@pytest.mark.parametrize("damage", [cut, flip, replace])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(checkpoints, damage, caplog):
    damage(checkpoints / "step-10.ckpt")
    assert newest_sound(checkpoints, "k" * 64) == checkpoints / "step-2.ckpt"
    assert str(checkpoints / "step-10.ckpt") in caplog.text
    assert sorted(p.name for p in checkpoints.iterdir()) == ["step-10.damaged", "step-2.ckpt"]


def test_another_stages_checkpoint_is_refused_with_both_keys(checkpoints):
    with pytest.raises(UserError, match=f"{'k' * 16}.*{'o' * 16}"):
        newest_sound(checkpoints, "o" * 64)


def test_a_disk_that_fills_leaves_the_checkpoint_before_it(checkpoints, monkeypatch):
    def fill(state: Any, stream: Any) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    before = (checkpoints / "step-10.ckpt").read_bytes()
    monkeypatch.setattr("hypnos.tuning.callbacks.checkpoints.torch.save", fill)
    with pytest.raises(UserError, match="no space left"):
        WholeFiles().save_checkpoint({}, checkpoints / "step-10.ckpt")
    assert (checkpoints / "step-10.ckpt").read_bytes() == before
    assert sorted(p.name for p in checkpoints.iterdir()) == ["step-10.ckpt", "step-2.ckpt"]


def test_a_full_disk_is_known_by_what_it_holds_while_the_half_file_lies_there(checkpoints, monkeypatch):
    """The library that writes says no more than that it could not, and the half file goes away again."""

    def fill(state: Any, stream: Any) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file data/1: file write failed")

    def left(folder: Path) -> Any:
        return shutil._ntuple_diskusage(1 << 30, 1 << 30, 0 if list(checkpoints.glob(".*.partial")) else 1 << 29)

    monkeypatch.setattr("hypnos.tuning.callbacks.checkpoints.torch.save", fill)
    monkeypatch.setattr("hypnos.artefacts.store.shutil.disk_usage", left)
    with pytest.raises(UserError, match="no space left"):
        WholeFiles().save_checkpoint({}, checkpoints / "step-10.ckpt")
    assert sorted(p.name for p in checkpoints.iterdir()) == ["step-10.ckpt", "step-2.ckpt"]


def test_a_stage_says_where_its_checkpoints_lie_and_a_module_alone_saves_none(full, make_job, tmp_path):
    module, checkpoints = full(), Checkpoints()
    checkpoints.setup(None, module, "fit")
    checkpoints.save(None)
    assert checkpoints.folder is None
    module.attach(make_job(name="specific"), folder=tmp_path, tracking=None)
    checkpoints.setup(None, module, "fit")
    assert (checkpoints.folder, checkpoints.stage) == (tmp_path / "checkpoints", "specific")


class Measured(Callback):
    """After which batches held-out text is due, as it is said, and after which it is measured."""

    def __init__(self) -> None:
        self.said: list[int] = []
        self.done: list[int] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if _is_validated_now(trainer):
            self.said.append(trainer.global_step)

    def on_validation_start(self, trainer: Trainer, pl_module: Any) -> None:
        self.done.append(trainer.global_step)


@pytest.mark.parametrize(("every", "steps"), [(2, [2, 4, 6]), (1.0, [6])])
def test_when_held_out_text_is_measured_is_known_by_lightnings_own_rule(full, small_directory, rows, fit, every, steps):
    module, watch = full(), Measured()
    module.load(small_directory())
    steps_of_one = [rows(1, seed=number) for number in range(6)]
    more = {"callbacks": [watch], "val_check_interval": every, "num_sanity_val_steps": 0}
    fit(module, steps_of_one, held_out=rows(1), **more)
    assert watch.said == watch.done == steps
