"""What a report says first: models by tasks, ranks, the chance level, and the differences that hold."""

from dataclasses import replace
from itertools import product

import pytest

from hypnos.report.results import Answers, Metric, Question, Results, TaskQuestions
from hypnos.report.tables.metric_tables import model_tests
from hypnos.report.tables.opening import chance_level, opening_note


def opened(results):
    return opening_note(results, {task.name: model_tests(results, task) for task in results.tasks})


@pytest.fixture
def three():
    """Of forty questions the first model answers all, the others twelve and thirteen."""
    questions = tuple(
        Question(id=str(n), question="?", references=("A",), options=dict.fromkeys("ABCD", "x")) for n in range(40)
    )
    metric = Metric(name="accuracy", label="Accuracy", signature="s", family="choice", headline=True)
    task = TaskQuestions(name="pick", kind="choice", questions=questions, metrics=(metric,), title="AneCQ")
    right = {"strong": 40, "weak": 12, "other": 13}
    answers = tuple(
        Answers(model=m, task="pick", texts=("A",) * 40, scores={"accuracy": [float(n < k) for n in range(40)]})
        for m, k in right.items()
    )
    return Results(title="t", models=tuple(right), tasks=(task,), answers=answers)


def test_a_rank_is_a_range_where_no_difference_holds(three):
    note = opened(three)
    assert note.head == ("model", "AneCQ: Accuracy ↑")
    cells = dict(note.rows)
    assert cells["strong"].startswith("100.0 [") and cells["strong"].endswith("] (1)")
    assert cells["weak"].endswith("] (2–3)") and cells["other"].endswith("] (2–3)")
    assert cells["chance"] == "25.0"
    assert "AneCQ, Accuracy: strong above weak, other (Holm, p < 0.05)." in note.text


def test_where_less_is_better_the_lower_one_ranks_first(three):
    metric = replace(three.tasks[0].metrics[0], better="lower")
    turned = replace(three, tasks=(replace(three.tasks[0], metrics=(metric,)),))
    assert dict(opened(turned).rows)["strong"].endswith("(3)")


def test_too_few_questions_are_not_testable_and_one_model_has_no_rank(results):
    note = opened(results)
    assert "AneQA, ROUGE-L: differences are not testable." in note.text
    assert {row[0]: row[1] for row in note.rows}["chance"] == "–"
    alone = replace(results, models=("good",))
    assert all("(" not in cell for row in opened(alone).rows for cell in row)


def test_a_model_that_was_not_asked_has_a_dash(three):
    fewer = replace(three, answers=three.answers[:2])
    assert dict(opened(fewer).rows)["other"] == "–"


def test_chance_is_that_of_guessing_one_option_or_one_set_of_them():
    options = dict.fromkeys("ABC", "x")
    one = Question(id="1", question="?", references=("A",), options=options)
    several = Question(id="2", question="?", references=("AB",), options=options, multiple=True)
    sets = ["".join(o for o, chosen in zip("ABC", taken) if chosen) for taken in product([0, 1], repeat=3)]
    assert len([chosen for chosen in sets if chosen]) == 7
    task = TaskQuestions(name="t", kind="choice", questions=(one, several), metrics=())
    assert chance_level(task) == pytest.approx((1 / 3 + 1 / 7) / 2)
    assert chance_level(replace(task, kind="question")) is None
