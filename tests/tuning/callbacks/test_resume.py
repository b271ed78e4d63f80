"""A stage that is stopped anywhere and started again ends as one that never was."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, Trainer
from safetensors.torch import load_file

from hypnos.errors import UserError
from hypnos.tuning.callbacks.checkpoints import STAGE_KEY
from hypnos.tuning.callbacks.resume import MADE_WITH, check_weights, progress_at
from tests.tuning import watched
from tests.tuning.watched import Killed

ROOT = Path(__file__).parents[3]
GENERAL = "stages.general"
COMMON = [
    *("experiment=general_only", "sources.general.limit=40", "sources.anesthesia.limit=10", "logger=none"),
    *("model.recipe.pieces=2000", "model.recipe.general.epochs=2", "answers.prompts=[]", "accelerator=cpu"),
    *(f"{GENERAL}.data.row_length=512", f"{GENERAL}.callbacks.checkpoint.every_n_train_steps=2"),
]


class Losses(Callback):
    """Losses by step, held-out and of training, and a sudden end before a step's weights change."""

    def __init__(self, kill_before: int | None = None) -> None:
        self.kill_before = kill_before
        self.found: dict[int, float] = {}
        self.held_out: dict[int, float] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        self.held_out[trainer.global_step] = float(trainer.callback_metrics["val/loss"])

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        if trainer.global_step == self.kill_before:
            raise Killed
        self.found[trainer.global_step] = float(trainer.strategy.lightning_module._step_loss)


def train(compose: Callable[..., Any], folder: Path, watch: Losses, overrides: list[str]) -> Path:
    return watched.train(compose, folder, watch, [*COMMON, *overrides], stage="general")


EVERY = f"{GENERAL}.callbacks.checkpoint.every_n_train_steps"
DROPOUT = f"{GENERAL}.tuning.lora_dropout=0.3"
BEST = "callbacks@stages.general.callbacks=best"
KINDS = {  # an epoch has three steps: saved after each, after every second, or at the epoch's edge
    "full": ["tuning@stages.general.tuning=full", f"{EVERY}=2"],
    "full, 2 workers, 4 rows a step": [
        *("tuning@stages.general.tuning=full", f"{GENERAL}.data.workers=2", f"{GENERAL}.data.rows_per_step=4"),
        f"{EVERY}=3",
    ],
    "lora with dropout": [DROPOUT, f"{EVERY}=3"],
    "lora with dropout and noise, 4 rows a step": [
        *(DROPOUT, f"{GENERAL}.tuning.neftune_alpha=5", f"{GENERAL}.data.rows_per_step=4", f"{EVERY}=2"),
    ],
    "lora with dropout, bf16, 2 workers": [
        *(DROPOUT, "model.precision=bf16-mixed", f"{GENERAL}.data.workers=2", f"{EVERY}=1"),
    ],
    "the best weights, measured after every step": [
        *(BEST, f"{GENERAL}.callbacks.early_stopping.patience=9"),
        *(f"{GENERAL}.trainer.val_check_interval=0.34", f"{EVERY}=1"),
    ],
    "the best weights, measured at an epoch's end": [BEST, f"{EVERY}=1"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=pytest.mark.matrix if "workers" in kind or "edge" in kind else ()) for kind in KINDS],
)
def test_losses_and_weights_are_those_of_an_unbroken_run(compose, tmp_path, kind):
    whole = Losses()
    expected = train(compose, tmp_path, whole, KINDS[kind])
    steps = max(whole.found) + 1
    edge = steps // 2  # the first step of the second epoch
    expected = expected.rename(tmp_path / expected.name)  # out of sight, so that it is made again
    held_out = {}
    for at in (edge - 1, edge, edge + 1, steps - 1):
        broken = Losses(at)
        with pytest.raises(Killed):
            train(compose, tmp_path, broken, KINDS[kind])
        assert broken.found == {step: whole.found[step] for step in broken.found}
        held_out |= broken.held_out
    last = Losses()
    got = train(compose, tmp_path, last, KINDS[kind])
    assert min(last.found) >= edge, "it began anew"
    assert last.found == {step: whole.found[step] for step in last.found}
    assert held_out | last.held_out == whole.held_out
    assert got.name == expected.name
    weights = load_file(got / "model.safetensors")
    for name, weight in load_file(expected / "model.safetensors").items():
        assert weight.equal(weights[name]), name


ENDS = {
    "at a step": (["stages.general.trainer.max_steps=3"], 3),
    # The held-out loss falls, which here counts as getting worse: one epoch more, and it is over.
    "early": ([BEST, *(f"{GENERAL}.callbacks.{name}.mode=max" for name in ("best", "early_stopping"))], 6),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_kill_during_export_costs_no_step(compose, tmp_path, monkeypatch, end):
    def killed(*args: Any, **settings: Any) -> None:
        raise Killed

    short, steps = ENDS[end]
    short = [*short, "model.recipe.general.epochs=3"]
    first, second = Losses(), Losses()
    monkeypatch.setattr("hypnos.tuning.stage.export_model", killed)
    with pytest.raises(Killed):
        train(compose, tmp_path, first, short)
    assert sorted(first.found) == list(range(steps))
    assert not list(tmp_path.glob("models/general-*"))
    monkeypatch.undo()
    train(compose, tmp_path, second, short)
    assert second.found == {}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [pytest.param("ddp", marks=pytest.mark.matrix), "fsdp"])
def test_a_stage_goes_on_with_another_number_of_devices(compose, tmp_path, strategy):
    """Steps of three micro-batches on one device, of two on two: in the middle of an epoch, and uneven at its end."""
    descent = [f"{GENERAL}.tuning.optimizer.{name}" for name in ("_target_=torch.optim.SGD", "betas", "eps")]
    settings = [
        *("tuning@stages.general.tuning=full", descent[0], f"~{descent[1]}", f"~{descent[2]}"),
        f"{GENERAL}.tuning.optimizer.fused=false",  # torch has no fused descent on parts of weights
        *(f"{GENERAL}.tuning.lr=0.5", f"{GENERAL}.data.rows_per_step=3", f"{EVERY}=1"),
    ]
    whole = train(compose, tmp_path, Losses(), settings)
    whole = whole.rename(tmp_path / whole.name)
    with pytest.raises(Killed):
        train(compose, tmp_path, Losses(1), settings)
    named = {setting.partition("=")[0]: setting for setting in (*COMMON, *settings)}
    command = [sys.executable, str(ROOT / "train.py"), *named.values(), "devices=2", f"strategy={strategy}"]
    done = subprocess.run([*command, "paths.artefacts=."], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "step-1.ckpt" in done.stderr
    (got,) = tmp_path.glob("models/general-*")
    assert (json.loads((got / "stage.json").read_text("utf-8")))["processes"] == 2
    weights = load_file(got / "model.safetensors")
    for name, weight in load_file(whole / "model.safetensors").items():
        assert (weight - weights[name]).abs().max() < 1e-5, name


def test_a_checkpoint_of_other_code_is_named_and_refused_where_its_weights_are_others(compose, tmp_path, caplog):
    with pytest.raises(Killed):
        train(compose, tmp_path, Losses(3), [])
    (file,) = tmp_path.glob("models/.general-*.partial/checkpoints/step-2.ckpt")
    state = torch.load(file, weights_only=True)
    torch.save({**state, MADE_WITH: {**state[MADE_WITH], "torch": "1.0"}}, file)
    with pytest.raises(Killed):
        train(compose, tmp_path, Losses(2), [])
    assert (
        f"step-2.ckpt was written by other code, and may not be gone on from exactly: torch 1.0 then, {torch.__version__.partition('+')[0]}"
        in caplog.text
    )
    lost = next(name for name in state["state_dict"] if "lora_B" in name)
    del state["state_dict"][lost]
    torch.save(state, file)
    with pytest.raises(UserError, match=f"step-2.ckpt: of other code: the model has {lost}, the checkpoint has not"):
        train(compose, tmp_path, Losses(), [])


def test_what_other_code_trained_is_told_by_name_and_by_shape():
    ours = {"a": torch.zeros(2, 3)}
    check_weights({"a": torch.ones(2, 3)}, ours, file="f")
    for theirs, said in [
        ({}, "the model has a, the checkpoint has not"),
        ({**ours, "b": torch.zeros(1)}, "the checkpoint has b, the model has not"),
        ({"a": torch.zeros(3, 2)}, r"a is \(3, 2\), in the model \(2, 3\)"),
    ]:
        with pytest.raises(UserError, match=f"f: of other code: {said}"):
            check_weights(theirs, ours, file="f")


class Poison(Callback):
    """A gradient that is no number, once."""

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        if trainer.global_step == 2:
            next(p for p in pl_module.parameters() if p.grad is not None).grad.fill_(torch.nan)


def test_a_model_that_is_no_number_any_more_is_not_saved_over_a_sound_one(compose, tmp_path):
    with pytest.raises(UserError, match=r"^stages\.general: train/loss is nan and .* at step 4; a lower stages"):
        train(compose, tmp_path, Poison(), [])
    (file,) = tmp_path.glob("models/.general-*.partial/checkpoints/*.ckpt")
    assert file.name == "step-2.ckpt"
    state = torch.load(file, weights_only=True)["state_dict"]
    assert all(weight.isfinite().all() for weight in state.values())
    watch = Losses()
    train(compose, tmp_path, watch, [])
    assert min(watch.found) == 2


def test_a_lora_checkpoint_holds_what_is_trained_in_plain_types_and_whose_it_is(compose, tmp_path):
    with pytest.raises(Killed):
        train(compose, tmp_path, Losses(3), [f"{GENERAL}.tuning.train_embeddings=false"])
    (file,) = tmp_path.glob("models/.general-*.partial/checkpoints/step-2.ckpt")
    state = torch.load(file, weights_only=True)
    assert state["state_dict"]
    assert all("lora_" in name for name in state["state_dict"])
    assert len(state[STAGE_KEY]) == 64


def test_a_full_disk_while_training_is_one_line_and_the_stage_goes_on_later(compose, tmp_path, monkeypatch):
    save = torch.save
    calls = []

    def fill_at_the_second(state: Any, stream: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        save(state, stream)

    monkeypatch.setattr("hypnos.tuning.callbacks.checkpoints.torch.save", fill_at_the_second)
    with pytest.raises(UserError, match="no space left"):
        train(compose, tmp_path, Losses(), [])
    monkeypatch.undo()
    rest = Losses()
    train(compose, tmp_path, rest, [])
    assert min(rest.found) == 2


def paths(tree: Any, start: str = "") -> set[str]:
    if not isinstance(tree, dict):
        return {start}
    return {path for name, branch in tree.items() for path in paths(branch, f"{start}/{name}")}


def test_the_counters_have_the_names_that_lightning_gives_them(full, small_directory, rows, fit):
    module = full()
    module.load(small_directory())
    trainer = fit(module, [rows(2), rows(2, seed=1)])
    assert paths(progress_at(2, steps_per_epoch=2, micro_batches=2)) <= paths(trainer.fit_loop.state_dict())
