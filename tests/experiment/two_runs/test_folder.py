"""What a run's folder is read as."""

import json

import pytest

from hypnos.errors import UserError
from hypnos.experiment.two_runs.folder import flatten, read_finished_run


def test_nested_settings_become_dotted_keys_and_a_list_stays_one_value():
    assert flatten({"a": {"b": 1, "c": {}}, "d": [1, {"e": 2}]}) == {"a.b": 1, "a.c": {}, "d": [1, {"e": 2}]}


def test_what_is_no_finished_run_is_one_line(start_run, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        read_finished_run(tmp_path / "gone", "first")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no run of train\.py"):
        read_finished_run(tmp_path / "empty", "first")
    begun = start_run("begun", "train", {})
    with pytest.raises(UserError, match=r"no results\.json: not a finished run of train\.py"):
        read_finished_run(begun, "first")
    older = start_run("older", "evaluate", {})
    (older / "numbers.csv").touch()
    with pytest.raises(UserError, match=r"the same evaluate\.py again asks nothing anew"):
        read_finished_run(older, "first")
    with pytest.raises(UserError, match="a run of something"):
        read_finished_run(start_run("other", "something", {}), "first")


def test_paths_are_meant_from_where_the_run_was_started(start_run, tmp_path):
    folder = start_run("run", "filter", {"seed": 1}, step="clean")
    (folder / "outcome.json").write_text(json.dumps({"directory": "artefacts/x"}))
    run = read_finished_run(folder, "first")
    assert run.locate("artefacts/x") == tmp_path / "artefacts/x"
    assert run.locate("/elsewhere") == type(tmp_path)("/elsewhere")
    assert (run.kind, run.choices, run.settings, run.code["commit"]) == ("filter", {"step": "clean"}, {"seed": 1}, "c0")
