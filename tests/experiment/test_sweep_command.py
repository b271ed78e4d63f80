"""Sweeps as a user starts them: stopped, failing, on two ranks; and read by evaluate.py."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]

SMALL = [
    "sources.general.limit=60",
    "sources.anesthesia.limit=60",
    "model.recipe.pieces=2000",
    "model.recipe.general.epochs=1",
    "model.recipe.anesthesia.epochs=1",
    "answers.max_new_tokens=2",
    "logger=csv",
    "accelerator=cpu",
    "tasks=[general]",
    "tasks.general.limit=4",
]
ARMS = ["-m", "experiment=specific_only,general_only", "seed=1", "sweep_name=mine"]
SWEEP = Path("outputs/sweeps/mine")


def command(*overrides: str) -> list[str]:
    return [sys.executable, str(ROOT / "train.py"), *overrides, *SMALL]


def run(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*overrides), cwd=folder, capture_output=True, text=True)


def read(folder: Path, sweep: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, str(ROOT / "evaluate.py"), f"sweep={sweep}"]
    return subprocess.run(asked, cwd=folder, capture_output=True, text=True)


def arm(folder: Path, start: str) -> Path:
    (found,) = (place for place in (folder / SWEEP).iterdir() if place.name.startswith(start))
    return found


def stamps(folder: Path) -> dict[str, int]:
    names = ("results.json", "arm.json", "records.json", "benchmark.json")
    return {name: (folder / name).stat().st_mtime_ns for name in names}


@pytest.mark.slow
def test_an_arm_that_fails_is_kept_with_its_error_and_the_others_run(tmp_path):
    short = ["experiment=specific_only", "stages.anesthesia.trainer.max_steps=2", "sweep_name=mine"]
    done = run(tmp_path, "-m", "stages.anesthesia.tuning.lr=-1,1e-3", *short)
    assert done.returncode != 0
    failed, finished = (
        arm(tmp_path, "stages.anesthesia.tuning.lr--1"),
        arm(tmp_path, "stages.anesthesia.tuning.lr-0.001"),
    )
    assert "tuning.lr: -1: must be a number, above 0" in json.loads((failed / "failed.json").read_text())["error"]
    assert not (failed / "results.json").exists()
    assert json.loads((finished / "results.json").read_text())[-1]["measures"]["anesthesia"]["bits_per_char"] > 0
    before = stamps(finished)
    again = run(tmp_path, "-m", "stages.anesthesia.tuning.lr=-1,1e-3", *short)
    assert again.returncode != 0
    assert "finished before" in again.stderr + again.stdout
    assert stamps(finished) == before
    told = read(tmp_path, "mine")
    assert told.returncode == 0, told.stderr
    assert "failed: " in told.stdout and "tuning.lr: -1: must be a number, above 0" in told.stdout
    report = (tmp_path / SWEEP / "report" / "report.md").read_text("utf-8").replace("\\", "")
    assert "tuning.lr: -1: must be a number, above 0" in report
    assert "### general\n\n| arm | Accuracy" in report  # what the arm answered when it ran
    unknown = read(tmp_path, "yours")
    assert unknown.returncode == 1
    assert unknown.stderr.strip().splitlines()[-1].startswith("error: sweep: no sweep 'yours'")
    assert "Traceback" not in unknown.stderr


@pytest.mark.slow
def test_a_sweep_that_was_killed_goes_on_and_ends_with_the_numbers_of_an_unbroken_one(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    assert run(whole, *ARMS).returncode == 0
    with (tmp_path / "log").open("w") as log:
        started = subprocess.Popen(command(*ARMS), cwd=broken, stderr=log, stdout=log)
        deadline = time.monotonic() + 400
        while not list((broken / SWEEP).glob("specific_only*/results.json")):
            assert started.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
    assert not list((broken / SWEEP).glob("general_only*/results.json"))
    assert re.search("(unfinished|not started): general_only", read(broken, "mine").stdout)
    before = stamps(arm(broken, "specific_only"))
    assert run(broken, *ARMS).returncode == 0
    assert stamps(arm(broken, "specific_only")) == before
    numbers = []
    for folder in (whole, broken):
        assert read(folder, "mine").returncode == 0
        numbers.append((folder / SWEEP / "report" / "numbers.csv").read_bytes())
    assert numbers[0] == numbers[1]


@pytest.mark.slow
@pytest.mark.matrix
def test_two_ranks_in_a_sweep_of_two_arms_learn_what_one_learns_and_leave_one_folder(tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    arms = ["-m", "experiment=specific_only", "seed=1,2", "sweep_name=mine"]
    for folder, ranks in zip(folders, ([], ["devices=2", "strategy=ddp"]), strict=True):
        folder.mkdir()
        done = run(folder, *arms, *ranks)
        assert done.returncode == 0, done.stderr[-2000:]
    assert [place.name for place in (folders[1] / "outputs").iterdir()] == ["sweeps"]
    assert [place.name for place in (folders[1] / "outputs" / "sweeps").iterdir()] == ["mine"]
    for seed in (1, 2):
        losses = []
        for folder in folders:
            (log,) = (folder / SWEEP).glob(f"*seed-{seed}*/anesthesia/metrics.csv")
            with log.open(newline="") as stream:
                losses.append([float(row["train/loss"]) for row in csv.DictReader(stream) if row["train/loss"]])
        assert len(losses[0]) == len(losses[1]) > 2
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.slow
@pytest.mark.matrix
def test_a_failing_arm_on_two_ranks_does_not_take_the_sweep_with_it(tmp_path):
    """Lightning kills the first rank when another ends with an error: the next arm would never start."""
    nan = "stages.anesthesia.tuning.lr=1e30,1e-3"
    done = run(
        tmp_path,
        "-m",
        "experiment=specific_only",
        nan,
        "sweep_name=mine",
        "devices=2",
        "strategy=ddp",
        "stages.anesthesia.trainer.max_steps=3",
    )
    assert done.returncode != 0
    assert (
        "train/loss is nan"
        in json.loads((arm(tmp_path, "specific_only__stages.anesthesia.tuning.lr-1e-") / "failed.json").read_text())[
            "error"
        ]
    )
    assert list((tmp_path / SWEEP).glob("*0.001*/results.json"))


def scored(number: int, grade: float) -> dict:
    aspects = dict.fromkeys(("coherence", "professionalism", "usefulness", "friendliness"), grade)
    return {
        "id": f"r{number}",
        "instruction": f"第 {number} 个问题是什么？",
        "output": f"这是第 {number} 个回答，讲的是麻醉。",
        "author": "a",
        "scores": [{"scorer": "b", **aspects, "harmfulness": 0}],
    }


@pytest.mark.slow
def test_a_threshold_sweep_sends_no_request_and_trains_the_first_stage_once(train_once, tmp_path, monkeypatch):
    rows = [scored(number, 5 + number % 5) for number in range(60)]
    file = tmp_path / "scored.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")

    def refuse(self, address):
        raise AssertionError(f"a request to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    short = [f"sources.anesthesia.path={file}", "stages.general.trainer.max_steps=2", "learnt_tokens=400"]
    stages, times = [], []
    for threshold in (5, 7, 9):
        found = train_once(f"selection.threshold={threshold}", "stages.anesthesia.trainer.max_steps=2", *short)
        names = {row["name"]: Path(row["directory"]) for row in found if row["directory"]}
        stages.append(names)
        times.append((names["general"] / "stage.json").stat().st_mtime_ns)
    assert len({names["general"] for names in stages}) == len(set(times)) == 1
    assert len({names["anesthesia"] for names in stages}) == 3


@pytest.mark.slow
def test_the_same_arm_with_the_same_seed_gives_the_same_numbers(train_once, tmp_path):
    short = ["experiment=specific_only", "stages.anesthesia.trainer.max_steps=3", "seed=3"]
    one, other = (train_once(*short, artefacts=tmp_path / name) for name in ("one", "other"))
    assert [row["measures"] for row in one] == [row["measures"] for row in other]
    weights = [load_file(Path(rows[-1]["directory"]) / "model.safetensors") for rows in (one, other)]
    assert all(weight.equal(weights[1][name]) for name, weight in weights[0].items())
