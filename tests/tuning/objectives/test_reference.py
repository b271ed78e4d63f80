"""A stage on pairs: its reference is made once; killed or shared among processes, it ends as an unbroken one."""

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

from tests.tuning import watched
from tests.tuning.watched import Killed

ROOT = Path(__file__).parents[3]
STAGE = "stages.preference"
SETTINGS = [
    *("experiment=general_to_specific_to_preferred", "~stages.general", "~stages.anesthesia", "logger=none"),
    *("model.recipe.pieces=2000", "sources.anesthesia.limit=10", "sources.general.limit=40", "accelerator=cpu"),
    *(
        f"{STAGE}.data.rows_per_step=2",
        f"{STAGE}.data.row_length=256",
        f"{STAGE}.data.max_length=256",
        "answers.prompts=[]",
    ),
    *(f"{STAGE}.callbacks.checkpoint.every_n_train_steps=1", "model.recipe.preference.epochs=2"),
]


class Kill(Callback):
    def __init__(self, before: int | None) -> None:
        self.before = before
        self.steps: dict[int, float] = {}

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        if trainer.global_step == self.before:
            raise Killed
        self.steps[trainer.global_step] = float(pl_module._step_loss)


def train(compose: Callable[..., Any], folder: Path, watch: Kill, *more: str) -> Path:
    return watched.train(compose, folder, watch, [*SETTINGS, *more], stage="preference")


def same_weights(first: Path, second: Path, *, within: float = 0.0) -> None:
    others = load_file(second / "model.safetensors")
    for name, weight in load_file(first / "model.safetensors").items():
        assert (weight - others[name]).abs().max() <= within, name


def test_the_reference_is_made_once_for_all_settings_of_the_stage(compose, tmp_path, monkeypatch):
    train(compose, tmp_path, Kill(None))
    (folder,) = tmp_path.glob("data/reference-*")
    parent = json.loads((folder / "reference.json").read_text("utf-8"))["parent"]
    assert any(parent in file.read_text("utf-8") for file in tmp_path.glob("models/base-*/*.json"))

    def made_again(*arguments: Any, **settings: Any) -> None:
        raise AssertionError("the reference was made again")

    monkeypatch.setattr("hypnos.tuning.objectives.reference.document_nats", made_again)
    for directory in tmp_path.glob("models/preference-*"):
        directory.rename(tmp_path / directory.name)
    train(compose, tmp_path, Kill(None), f"{STAGE}.tuning.objective.beta=0.5")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dpo", "orpo_lora"])
def test_a_killed_stage_ends_as_an_unbroken_one(compose, tmp_path, kind):
    choice = f"tuning@{STAGE}.tuning={kind}"
    whole = Kill(None)
    expected = train(compose, tmp_path, whole, choice)
    expected = expected.rename(tmp_path / expected.name)
    for before in range(1, max(whole.steps) + 1, 2):
        broken = Kill(before)
        with pytest.raises(Killed):
            train(compose, tmp_path, broken, choice)
        assert broken.steps == {step: whole.steps[step] for step in broken.steps}
    last = Kill(None)
    got = train(compose, tmp_path, last, choice)
    assert 0 < len(last.steps) < len(whole.steps)
    assert last.steps == {step: whole.steps[step] for step in last.steps}
    same_weights(expected, got)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [pytest.param("ddp", marks=pytest.mark.matrix), "fsdp"])
def test_two_processes_learn_what_one_does(compose, tmp_path, strategy):
    """Steps of three rows: the second process has an empty one in each, which must count for nothing."""
    descent = [f"{STAGE}.tuning.optimizer.{name}" for name in ("_target_=torch.optim.SGD", "betas", "eps", "fused")]
    settings = [
        *(descent[0], f"~{descent[1]}", f"~{descent[2]}", f"{descent[3]}=false"),
        *(f"{STAGE}.tuning.lr=0.05", f"{STAGE}.data.rows_per_step=3"),
    ]
    one = train(compose, tmp_path, Kill(None), *settings)
    one = one.rename(tmp_path / one.name)
    named = {setting.partition("=")[0]: setting for setting in (*SETTINGS, *settings)}
    command = [sys.executable, str(ROOT / "train.py"), *named.values(), "devices=2", f"strategy={strategy}"]
    done = subprocess.run([*command, "paths.artefacts=."], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (two,) = tmp_path.glob("models/preference-*")
    assert json.loads((two / "stage.json").read_text("utf-8"))["processes"] == 2
    same_weights(one, two, within=1e-5)
    (base,) = tmp_path.glob("models/base-*")
    moved = load_file(base / "model.safetensors")
    gaps = [(weight - moved[name]).abs().max() for name, weight in load_file(two / "model.safetensors").items()]
    assert torch.stack(gaps).max() > 1e-3, "nothing was learnt"
