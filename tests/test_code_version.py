"""The code that a run notes."""

import json
import subprocess
from importlib.metadata import version
from pathlib import Path

from hypnos.code_version import code_version, note_code


def test_commit_and_versions_are_those_of_this_process(tmp_path):
    note_code(tmp_path)
    noted = json.loads((tmp_path / "code.json").read_text())
    assert noted == code_version() and noted["torch"] == version("torch")
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    head = subprocess.run(git, capture_output=True, text=True).stdout.strip() or None
    assert (noted["commit"] or "").removesuffix("-dirty") == (head or "")
    assert [file.name for file in tmp_path.iterdir()] == ["code.json"]


def test_where_no_settings_are_kept_no_code_is_noted(tmp_path):
    note_code(tmp_path / "None")
    assert not list(tmp_path.iterdir())
