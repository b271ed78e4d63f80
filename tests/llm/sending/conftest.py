import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("asking.py")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def start() -> Callable[..., subprocess.Popen]:
    """Starts a process that asks a server `count` requests and writes its answers into a folder."""

    def start_asking(folder, running, count, **options):
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), running.url, str(count), json.dumps(options)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Tests that run in the background inherit that Ctrl-C is ignored, and would hand it on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return start_asking


@pytest.fixture
def finish() -> Callable[[subprocess.Popen], tuple[int, str]]:
    """Waits for such a process; gives its exit status and what it wrote to standard error."""

    def communicate(process):
        _, errors = process.communicate(timeout=200)
        return process.returncode, errors

    return communicate
