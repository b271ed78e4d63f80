"""Ctrl-C, as a real signal, at the places where it met a traceback or what was half made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SCRIPT = """
import importlib, os, runpy, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
script, module, name, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = script
sys.path.insert(0, os.path.dirname(script))
module = importlib.import_module(module)
real = getattr(module, name)

def interrupted(*arguments, **settings):
    os.kill(os.getpid(), signal.SIGINT)
    return real(*arguments, **settings)

setattr(module, name, interrupted)
runpy.run_path(script, run_name="__main__")
"""

SMALL = [
    *("experiment=specific_only", "sources.general.limit=60", "sources.anesthesia.limit=60"),
    *("model.recipe.pieces=2000", "model.recipe.anesthesia.epochs=1", "logger=none", "answers.max_new_tokens=2"),
]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, *command, *SMALL], cwd=folder, env=environment, capture_output=True, text=True
    )


def half_made(folder: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in folder.glob("artefacts/*/.*.partial")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "left"),
    [
        ("hypnos.vocabulary.sentencepiece.pieces", "chinese_runs", set()),
        ("hypnos.data.encoders", "encode_batch", set()),
        ("hypnos.tuning.stage", "check_directory", {".anesthesia"}),
    ],
    ids=["learning a vocabulary", "encoding", "exporting"],
)
def test_control_c_is_one_line_and_the_same_command_goes_on(tmp_path, module, name, left):
    stopped = run(tmp_path, "-c", SCRIPT, str(ROOT / "train.py"), module, name)
    assert stopped.returncode == 130, stopped.stderr
    errors = [line for line in stopped.stderr.splitlines() if not line[:2].isdigit()]
    assert errors[-1] == "error: stopped; the same command goes on, and what was made is kept"
    assert "Traceback" not in stopped.stderr
    assert half_made(tmp_path) == left  # of a stage its checkpoints are kept
    assert not list(tmp_path.glob("artefacts/models/anesthesia-*"))
    if left:
        again = run(tmp_path, str(ROOT / "train.py"))
        assert again.returncode == 0, again.stderr
        assert "going on from" in again.stdout + again.stderr
        assert half_made(tmp_path) == set()
        assert list(tmp_path.glob("artefacts/models/anesthesia-*/model.safetensors"))
