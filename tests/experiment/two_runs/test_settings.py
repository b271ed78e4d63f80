"""Which settings are said to differ."""

import json

from hypnos.experiment.two_runs.folder import read_finished_run
from hypnos.experiment.two_runs.settings import LONGEST, differing_choices, differing_settings, show


def test_values_that_differ_are_named_and_no_others(start_run):
    runs = []
    for name, settings, choices in (
        ("a", {"tuning": {"lr": 0.1, "dtype": "x"}, "on": True, "old": 1}, {"data": "mixed", "model": "tiny"}),
        ("b", {"tuning": {"lr": 0.2, "dtype": "x"}, "on": 1, "new": None}, {"data": "packed", "model": "tiny"}),
    ):
        folder = start_run(name, "filter", settings, **choices)
        (folder / "outcome.json").write_text(json.dumps({}))
        runs.append(read_finished_run(folder, name))
    assert differing_choices(*runs) == [("data", "mixed", "packed")]
    assert differing_settings(*runs) == [
        ("old", "1", "(absent)"),
        ("on", "true", "1"),
        ("tuning.lr", "0.1", "0.2"),
        ("new", "(absent)", "null"),
    ]


def test_a_long_value_keeps_both_its_ends_on_one_line():
    shown = show("start" + "中\n" * 200 + "end")
    assert len(shown) <= LONGEST + 1 and "\n" not in shown and shown.startswith("start") and shown.endswith("end")
