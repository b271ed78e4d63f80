import csv

import pytest


def test_held_out_text_is_measured_along_the_way_as_it_is_in_the_end(train_once, tmp_path):
    """The last validation of a stage and the exported model see the same weights: two measures of one thing."""
    chosen = ["experiment=specific_only", "seed=12", "answers.max_new_tokens=1"]
    rows = train_once("logger=csv", f"logger.csv.save_dir={tmp_path}", *chosen)
    with (tmp_path / "anesthesia" / "metrics.csv").open() as stream:
        logged = [row for row in csv.DictReader(stream) if row["experiment_step"]]
    first, *way, last = logged
    assert way and int(way[-1]["step"]) == int(last["step"])
    for name in ("general", "anesthesia"):
        column = f"heldout/{name}_bits_per_char"
        assert float(first[column]) == pytest.approx(rows[-2]["measures"][name]["bits_per_char"])
        assert float(way[-1][column]) == pytest.approx(rows[-1]["measures"][name]["bits_per_char"], rel=1e-5)
        assert float(last[column]) == pytest.approx(rows[-1]["measures"][name]["bits_per_char"])
