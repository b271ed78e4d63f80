"""The error of an arm that failed, kept in its folder."""

import json

import pytest

from hypnos.errors import Interrupted, UserError
from hypnos.experiment.failures import kept_failure


def test_a_failure_is_kept_in_one_line_and_goes_with_the_next_start(tmp_path):
    with pytest.raises(UserError), kept_failure(tmp_path / "arm"):
        raise UserError("tuning.lr -1 must be above 0")
    file = tmp_path / "arm" / "failed.json"
    assert json.loads(file.read_text()) == {"error": "tuning.lr -1 must be above 0"}
    with pytest.raises(RuntimeError), kept_failure(tmp_path / "arm"):
        raise RuntimeError("out of memory\nand much more")
    assert json.loads(file.read_text()) == {"error": "RuntimeError: out of memory"}
    with kept_failure(tmp_path / "arm"):
        assert not file.exists()


def test_an_arm_that_was_stopped_has_not_failed(tmp_path):
    with pytest.raises(Interrupted), kept_failure(tmp_path):
        raise Interrupted("stopped at step 3")
    assert not list(tmp_path.iterdir())


def test_ranks_beside_the_first_write_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(UserError), kept_failure(tmp_path):
        raise UserError("x")
    assert not list(tmp_path.iterdir())
