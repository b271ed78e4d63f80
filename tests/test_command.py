import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

ROOT = Path(__file__).parents[1]

SMALL = [
    "experiment=specific_only",
    "sources.general.limit=60",
    "sources.anesthesia.limit=60",
    "model.recipe.pieces=2000",
    "model.recipe.anesthesia.epochs=2",
    "answers.max_new_tokens=2",
    "logger=none",
]


def command(*overrides: str) -> list[str]:
    named = {override.partition("=")[0] for override in overrides}
    usual = [setting for setting in SMALL if setting.partition("=")[0] not in named]
    return [sys.executable, str(ROOT / "train.py"), *overrides, *usual]


def run(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*overrides), cwd=folder, capture_output=True, text=True)


def test_a_users_mistake_is_one_line_without_a_traceback(tmp_path):
    (tmp_path / "bad.jsonl").write_text('{"instruction": "问", "output": "答"}\n{"instruction": \n', "utf-8")
    done = run(tmp_path, "sources.anesthesia.path=bad.jsonl")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "bad.jsonl:2" in line
    assert not list(tmp_path.glob("artefacts/models/*"))
    assert not [p for p in tmp_path.glob("artefacts/*/*") if "partial" in p.name]


def test_help_and_the_job_are_shown_without_heavy_imports(tmp_path):
    script = f"""
import runpy, sys
sys.argv = ["train.py", "--cfg", "job"]
try:
    runpy.run_path({str(ROOT / "train.py")!r}, run_name="__main__")
finally:
    print(sorted({{"torch", "transformers", "pytorch_lightning", "datasets"}} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert "stages:" in done.stdout
    assert done.stderr.strip().splitlines()[-1] == "[]"


@pytest.mark.slow
def test_a_misspelt_experiment_names_those_there_are(tmp_path):
    misspelt = [sys.executable, str(ROOT / "train.py"), "experiment=generl_to_specific"]
    done = subprocess.run(misspelt, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "general_to_specific" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.matrix
def test_an_arm_that_fails_leaves_the_other_arms_running(tmp_path):
    done = run(tmp_path, "-m", "stages.anesthesia.tuning.lr=-1,1e-3", "stages.anesthesia.trainer.max_steps=1")
    assert done.returncode != 0
    assert "tuning.lr: -1: must be a number, above 0" in done.stderr + done.stdout
    assert list(tmp_path.glob("artefacts/models/anesthesia-*/stage.json"))


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_weights_of_an_unbroken_one(tmp_path):
    every_step = "stages.anesthesia.callbacks.checkpoint.every_n_train_steps=1"
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    assert run(whole, every_step).returncode == 0
    started = subprocess.Popen(command(every_step), cwd=broken, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not list(broken.glob("artefacts/models/.anesthesia-*.partial/checkpoints/*.ckpt")):
        assert started.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    assert not list(broken.glob("artefacts/models/anesthesia-*"))
    again = run(broken, every_step)
    assert again.returncode == 0
    assert "going on from" in again.stderr
    (one,), (other,) = (list(folder.glob("artefacts/models/anesthesia-*")) for folder in (whole, broken))
    assert one.name == other.name
    expected, got = load_file(one / "model.safetensors"), load_file(other / "model.safetensors")
    for name, weight in expected.items():
        assert weight.equal(got[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [pytest.param("ddp", marks=pytest.mark.matrix), "fsdp"])
def test_two_ranks_learn_what_one_learns(tmp_path, strategy):
    """Also the uneven last step of an epoch, where one rank has a row and the other none."""
    # Plain descent: Adam divides small gradients by themselves, and so makes rounding errors large.
    descent = [f"stages.anesthesia.tuning.optimizer.{name}" for name in ("_target_=torch.optim.SGD", "betas", "eps")]
    plain = [descent[0], f"~{descent[1]}", f"~{descent[2]}", "stages.anesthesia.tuning.lr=0.5"]
    plain.append("stages.anesthesia.tuning.optimizer.fused=false")  # torch has no fused descent on parts of weights
    folders = [tmp_path / name for name in ("one", "two")]
    for folder, ranks in zip(folders, ([], ["devices=2", f"strategy={strategy}"]), strict=True):
        folder.mkdir()
        three = "stages.anesthesia.data.rows_per_step=3"
        done = run(folder, "accelerator=cpu", "logger=csv", three, *plain, *ranks)
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.count("model: ") == 1
    (one,), (two,) = (list(folder.glob("artefacts/models/anesthesia-*")) for folder in folders)
    assert one.name == two.name  # the number of devices is no part of the key
    losses = [logged(folder, "train/loss") for folder in folders]
    assert len(losses[0]) >= 3
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
    expected, got = load_file(one / "model.safetensors"), load_file(two / "model.safetensors")
    for name, weight in expected.items():
        assert (weight - got[name]).abs().max() < 1e-5, name


def logged(folder: Path, name: str) -> list[float]:
    """A figure of the anesthesia stage, step by step, as the CSV logger kept it."""
    (file,) = folder.glob("outputs/**/anesthesia/metrics.csv")
    with file.open(encoding="utf-8") as stream:
        return [float(row[name]) for row in csv.DictReader(stream) if row.get(name)]


@pytest.mark.slow
def test_a_schedulers_signal_is_no_success_and_the_run_goes_on_after_it(tmp_path):
    long = ["model.recipe.anesthesia.epochs=40", "stages.anesthesia.callbacks.checkpoint.every_n_train_steps=1"]
    started = subprocess.Popen(
        command(*long), cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob("artefacts/models/.anesthesia-*.partial/checkpoints/*.ckpt")):
        assert started.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    started.terminate()
    _, errors = started.communicate()
    assert started.returncode == 143
    assert "the same command goes on" in errors.splitlines()[-1]
    assert not list(tmp_path.glob("artefacts/models/anesthesia-*"))
    assert list(tmp_path.glob("artefacts/models/.anesthesia-*.partial/checkpoints/*.ckpt"))
