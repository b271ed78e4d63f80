"""Two runs of evaluate.py, question by question."""

import json

import pytest

from hypnos.experiment.two_runs.evaluated import compare_evaluated, pair_models, questions_and_models
from hypnos.report.kept_results import QUESTIONS

RIGHT = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0]
WRONG = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]


def test_models_of_one_name_belong_together_and_so_do_two_that_are_left():
    assert pair_models(["a", "b"], ["b", "c"]) == [("b", "b"), ("a", "c")]
    assert pair_models(["a", "b"], ["c", "d"]) == []
    assert pair_models(["a"], ["b"]) == [("a", "b")]


def test_differences_are_tested_on_the_same_questions(evaluated, flipped):
    better, worse = evaluated("better", RIGHT), evaluated("worse", WRONG)
    grids, notes, remarks = compare_evaluated(better, worse)
    assert not remarks
    assert [(label, cells[0].value) for label, cells in grids[0].rows] == [
        ("better: better", pytest.approx(0.8)),
        ("worse: worse", pytest.approx(0.2)),
    ]
    metric, judged = (note.tests[0] for note in notes)
    assert (metric.measure, metric.first, metric.second) == ("Accuracy", "better", "worse")
    expected = flipped([a - b for a, b in zip(RIGHT, WRONG)])
    for test in (metric, judged):  # the judge gave the same values and 5 more
        assert test.comparison.difference == pytest.approx(0.6)
        assert test.comparison.p == pytest.approx(expected) and test.comparison.n == 10
    rows = questions_and_models(better)
    assert rows == {"pick: version": "v1", "pick: questions": 10, "better: key": "key of better"}


def test_scores_of_another_model_under_a_judge_s_name_are_not_compared(evaluated):
    first = evaluated("first", RIGHT)
    _, notes, remarks = compare_evaluated(first, evaluated("second", WRONG, judge="openai/gpt-5-mini"))
    assert [note.title for note in notes] == ["pick"]
    assert remarks == ["judge judge: openai/gpt-4o in first, openai/gpt-5-mini in second; not compared"]


def test_a_judge_whose_model_was_not_kept_is_taken_as_the_same_and_this_is_said(evaluated):
    first, older = evaluated("first", RIGHT), evaluated("older", WRONG, judge=None)
    kept = json.loads((older.folder / QUESTIONS).read_text("utf-8"))
    del kept["judges"]  # as earlier versions wrote it
    (older.folder / QUESTIONS).write_text(json.dumps(kept), "utf-8")
    _, notes, remarks = compare_evaluated(first, older)
    assert [note.title for note in notes] == ["pick", "pick: scores of judges"]
    assert remarks == ["judge judge: older did not keep which model it is; taken as the same"]


def test_other_questions_and_other_ways_of_measuring_are_not_compared(evaluated):
    first = evaluated("first", RIGHT)
    _, notes, remarks = compare_evaluated(first, evaluated("asked", WRONG, version="v2"))
    assert not notes and remarks == ["pick: other questions, or other words put to the model; not compared"]
    _, notes, remarks = compare_evaluated(first, evaluated("measured", WRONG, signature="t"))
    assert [note.title for note in notes] == ["pick: scores of judges"]
    assert remarks == ["pick: accuracy was measured in another way; not compared"]
