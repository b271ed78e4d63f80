"""Ranks end together: one is killed, the other says so in one line within a minute."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from lightning_fabric.strategies.launchers import subprocess_script

from hypnos.tuning.distributed import watchdog as watch

ROOT = Path(__file__).parents[3]
LONG = [
    *("sources.general.limit=60", "sources.anesthesia.limit=60", "logger=none"),
    *("model.recipe.pieces=2000", "model.recipe.anesthesia.epochs=400", "answers.prompts=[]", "accelerator=cpu"),
    *("stages.anesthesia.trainer.val_check_interval=1.0", "stages.anesthesia.trainer.limit_val_batches=0"),
    *("stages.anesthesia.callbacks.checkpoint.every_n_train_steps=1", "devices=2"),
]


def children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid and b"train.py" in command:
            found.append(int(folder.name))
    return found


def runs(pid: int) -> bool:
    try:
        return b"train" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it ended between a look and the next
        return False


def test_the_observer_that_kills_without_a_line_ends_and_the_ranks_can_still_be_signalled(monkeypatch):
    monkeypatch.setattr(watch, "started", [])
    with subprocess.Popen(["sleep", "60"]) as leader, subprocess.Popen(["sleep", "60"]) as rank:
        launcher = SimpleNamespace(procs=[rank])
        observer = subprocess_script._ChildProcessObserver(leader.pid, launcher.procs, sleep_period=1)
        observer.start()
        assert observer.name == watch.OBSERVER
        watch._take_over(launcher)
        watch._take_over(None)  # as of a second stage that begins before the observer has looked once more
        rank.kill()
        observer.join(10)
        ended, leads = not observer.is_alive(), leader.poll() is None
        leader.kill()
    assert ended and leads
    assert watch.started == [rank] and launcher.procs == [rank]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("killed", "experiment", "strategy"),
    [
        (0, "general_to_specific", "ddp"),
        pytest.param(1, "specific_only", "ddp", marks=pytest.mark.matrix),
        pytest.param(1, "general_to_specific", "ddp", marks=pytest.mark.matrix),
        pytest.param(1, "specific_only", "fsdp", marks=pytest.mark.matrix),
    ],
)
def test_a_killed_rank_ends_the_other_with_one_line_and_the_run_goes_on_later(tmp_path, killed, experiment, strategy):
    command = [sys.executable, str(ROOT / "train.py"), *LONG, f"experiment={experiment}", f"strategy={strategy}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with (tmp_path / "errors").open("w") as errors:
        started = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=errors, stdout=subprocess.DEVNULL, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 300
        while len(list(tmp_path.glob("artefacts/models/.anesthesia-*.partial/checkpoints/step-*.ckpt"))) < 2:
            assert started.poll() is None and time.monotonic() < deadline, (tmp_path / "errors").read_text()[-3000:]
            time.sleep(0.05)
        (second,) = children(started.pid)
        said_before = len((tmp_path / "errors").read_text())
        os.kill((started.pid, second)[killed], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while runs(second):
            started.poll()
            assert time.monotonic() < deadline, "the second rank still runs"
            time.sleep(0.1)
        status = started.wait(max(deadline - time.monotonic(), 0.1))
        said = (tmp_path / "errors").read_text()[said_before:]
        lines = [line for line in said.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, said
        assert f"rank {killed}" in lines[0] and "the same command goes on" in lines[0]
        assert "Traceback" not in said
        assert status == (130 if killed else -signal.SIGKILL)
        assert list(tmp_path.glob("artefacts/models/.anesthesia-*.partial/checkpoints/step-*.ckpt"))
        assert not list(tmp_path.glob("artefacts/models/anesthesia-*"))
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)


def test_what_a_failed_run_left_waiting_is_ended_before_the_next(monkeypatch):
    monkeypatch.setattr(watch, "GRACE", 0.2)
    monkeypatch.setattr(watch, "started", [])
    waiting, failed = (
        subprocess.Popen([sys.executable, "-c", code])
        for code in ("import time; time.sleep(600)", "raise SystemExit(1)")
    )
    watch.started += [waiting, failed]
    failed.wait()
    watch.end_ranks()
    assert waiting.returncode == -signal.SIGKILL
    assert watch.started == []
    watch.end_ranks()
