"""The demo on a real base: its command lines compose, each after what the one before has made."""

import json
import sys

import pytest

from hypnos.sample import demo_real


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (demo_real.GENERAL, demo_real.SPECIALTY, demo_real.BOARD):
        file = tmp_path / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            json.dumps({"id": "1", "question": "问", "options": {"A": "甲", "B": "乙"}, "answer": "A"}) + "\n", "utf-8"
        )
    return tmp_path / "data"


def test_each_command_line_is_right_once_the_one_before_has_run(data, tmp_path, compose, monkeypatch):
    lines = demo_real.commands(tmp_path / "base", data)
    program, *words = next(lines)
    assert program == "filter.py"
    words = [word.replace("input=", "input.path=", 1) if word.startswith("input=") else word for word in words]
    config = compose("filter", ["input=files", *words])
    assert config["steps"][-1] == "select"
    # Records of other data are newer; those that the filter reports were there before, and are reused.
    for name in ("instructions-1", "instructions-2"):
        (demo_real.OUTPUTS / "artefacts" / name / "records").mkdir(parents=True)
    outcome = demo_real.OUTPUTS / "filter" / "now" / "outcome.json"
    outcome.parent.mkdir(parents=True)
    outcome.write_text(json.dumps({"directory": str(demo_real.OUTPUTS / "artefacts/instructions-1")}), "utf-8")
    program, *words = next(lines)
    config = compose("train", words)
    assert program == "train.py"
    assert config["sources"]["general"]["path"].endswith("instructions-1/records")
    program, *words = next(lines)
    config = compose("evaluate", words)
    assert program == "evaluate.py"
    assert config["tasks"]["anecq"]["limit"] == 48
    results = demo_real.OUTPUTS / "general_to_specific" / "now" / "results.json"
    results.parent.mkdir(parents=True)
    results.write_text(json.dumps([{"directory": "first"}, {"directory": "last"}]), "utf-8")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert next(lines) == ("-m", "hypnos.chat", "last")


def test_a_file_that_is_missing_is_one_line(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["demo_real", "--base", str(tmp_path), "--data", str(data)])
    with pytest.raises(SystemExit) as ended:
        demo_real.main()
    assert ended.value.code
    assert "config.json: not there" in capsys.readouterr().err
