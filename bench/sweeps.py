"""Promises about sweeps: what they take, share, and keep over a kill."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.promise import ROOT, Promise

ARMS, SEEDS = 8, 2
SWEEP = Path("outputs/sweeps/strategy")


def strategy() -> list[Promise]:
    """The embedded default's `sweep=strategy`, killed with SIGKILL when half of its arms are finished, and read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.monotonic()
        sweep = _start(folder)
        while sweep.poll() is None and len(_outcomes(folder)) < ARMS // 2:
            time.sleep(0.2)
        os.killpg(sweep.pid, signal.SIGKILL)
        sweep.wait()
        half = _outcomes(folder)
        status = _start(folder).wait()
        seconds = time.monotonic() - started
        whole = _outcomes(folder)
        made = [
            len(list(folder.glob(f"artefacts/{of}-*"))) for of in ("vocabulary/chinesevocabulary", "models/general")
        ]
        reports = [_read(folder) for _ in range(2)]
    return [
        Promise("sweep=strategy, killed half-way and started again: its exit status", status, 0),
        Promise(f"sweep=strategy: arms of {ARMS} that are not finished", ARMS - len(whole), 0),
        Promise(
            f"sweep=strategy: of {len(half)} finished arms, those the second start touched", _unlike(half, whole), 0
        ),
        Promise("sweep=strategy: vocabularies made", made[0], 1),
        Promise(f"sweep=strategy: first stages trained, for {SEEDS} seeds", made[1], SEEDS),
        Promise("sweep=strategy: files of its report that differ when it is read again", _unlike(*reports), 0),
        Promise("sweep=strategy, both starts: seconds", seconds, 900),
    ]


def _start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(ROOT / "train.py"), "-m", "sweep=strategy"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet, start_new_session=True)


def _outcomes(folder: Path) -> dict[str, int]:
    """When each finished arm was written."""
    return {file.parent.name: file.stat().st_mtime_ns for file in (folder / SWEEP).glob("*/results.json")}


def _read(folder: Path) -> dict[str, bytes]:
    command = [sys.executable, str(ROOT / "evaluate.py"), "sweep=strategy"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {file.name: file.read_bytes() for file in (folder / SWEEP / "report").iterdir()}


def _unlike(before: Mapping[str, object], after: Mapping[str, object]) -> int:
    """What was there before and is not the same after."""
    return sum(after.get(name) != value for name, value in before.items())
