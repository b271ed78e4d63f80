"""The files of a run's folder."""

import pytest

from hypnos.experiment.run_folder import OUTCOME, SCORES, write_whole


def test_names_on_disk_are_those_of_earlier_runs():
    assert OUTCOME == ("results.json", "arm.json", "records.json", "benchmark.json", "questions.json", "pruned.json")


def test_a_file_keeps_its_old_text_until_the_new_one_is_whole(tmp_path):
    write_whole(tmp_path / SCORES, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / SCORES, "second \ud800")
    assert (tmp_path / SCORES).read_text("utf-8") == "first"
    write_whole(tmp_path / SCORES, "third")
    assert (tmp_path / SCORES).read_text("utf-8") == "third" and [file.name for file in tmp_path.iterdir()] == [SCORES]
