import json
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hypnos.llm.engine.vllm import Vllm

STANDIN = Path(__file__).with_name("standin.py")


def is_alive(process: int) -> bool:
    """Whether a process is there and not only waiting to be noticed as ended."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def all_end(processes: list[int], *, within: float = 15.0) -> bool:
    deadline = time.monotonic() + within
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(is_alive, processes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a server would take for a model."""
    model = tmp_path / "stage-1"
    model.mkdir()
    for name in ("config.json", "tokenizer_config.json"):
        (model / name).write_text("{}", "utf-8")
    return model


@pytest.fixture
def engine(tmp_path: Path) -> Callable[..., Vllm]:
    """An engine whose interpreter is the stand-in."""
    interpreter = tmp_path / "python"
    interpreter.write_text(f'#!/bin/sh\nexec {sys.executable} {STANDIN} "$@"\n')
    interpreter.chmod(interpreter.stat().st_mode | stat.S_IXUSR)

    def make(behave: str = "", **settings) -> Vllm:
        options = {"pids": str(tmp_path / "pids"), **({"behave": behave} if behave else {})}
        return Vllm(python=str(interpreter), logs=str(tmp_path / "logs"), dtype="float32", options=options, **settings)

    return make


@pytest.fixture
def processes(tmp_path: Path) -> Callable[[], list[int]]:
    """Ids of the stand-in and of its child."""
    return lambda: json.loads((tmp_path / "pids").read_text())
