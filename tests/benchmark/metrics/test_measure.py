"""From answers to numbers: order, repeats, what is missing, and which metrics a task has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.metrics.measure import check_metrics, describe, measure
from hypnos.benchmark.predictions import Prediction
from hypnos.errors import UserError
from hypnos.specialty.drugs import Drug, Window


def prediction(item: str, answer: str, **more) -> Prediction:
    return Prediction(
        **{"item": item, "prompt": "", "raw": answer, "answer": answer, "finished": True, "tokens": 1, **more}
    )


def question(at: str, answer: str, **more) -> Item:
    return Item(id=at, kind="question", question=f"问题{at}", answers=(answer,), **more)


def choice(at: str, right: str, **more) -> Item:
    return Item(id=at, kind="choice", question="?", answers=(right,), options=dict.fromkeys("ABCD", "x"), **more)


def measured(items, predictions, metrics, **more):
    kind = items[0].kind
    return measure(model="m", task="t", kind=kind, items=items, predictions=predictions, metrics=metrics, **more)


QUESTIONS = [question("1", "丙泊酚"), question("2", "七氟烷")]


def test_scores_stand_in_the_order_of_the_questions() -> None:
    answers = [prediction("2", "七氟烷"), prediction("1", "完全不对")]
    found = measured(QUESTIONS, answers, ["rouge", "exact_match"]).answers
    assert found.texts == ("完全不对", "七氟烷")
    assert found.scores["exact_match"] == [0.0, 1.0]
    assert found.scores["rouge_l"] == pytest.approx([0.0, 1.0], abs=1e-7)


def test_repeats_are_averaged_for_each_question() -> None:
    answers = [
        prediction("1", "丙泊酚"),
        prediction("2", ""),
        prediction("1", "", sample=1),
        prediction("2", "", sample=1),
    ]
    found = measured(QUESTIONS, answers, ["exact_match"]).answers
    assert found.scores["exact_match"] == [0.5, 0.0]
    assert found.texts == ("丙泊酚", "") and found.repeats == 2


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["1"], "no answer to 1 of 2 questions, such as 2"),
        (["1", "2", "9"], "an answer to 9, which is no question"),
        (["1", "2", "2"], "two answers to 2, sample 0"),
    ],
)
def test_answers_must_fit_the_questions(answers, message) -> None:
    with pytest.raises(UserError, match=message):
        measured(QUESTIONS, [prediction(at, "x") for at in answers], ["exact_match"])


def test_an_empty_task_is_refused() -> None:
    with pytest.raises(UserError, match="no questions"):
        measure(model="m", task="t", kind="question", items=[], predictions=[], metrics=["bleu"])


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("choice", "bleu", "bleu does not fit questions of kind choice"),
        ("question", "accuracy", "does not fit"),
        ("reading", "blue", "blue is unknown"),
    ],
)
def test_a_metric_must_fit_the_kind(kind, name, message) -> None:
    with pytest.raises(UserError, match=message):
        check_metrics([name], kind=kind, task="t")


def test_choice_by_reading_by_likelihood_and_by_somebody_elses_rule() -> None:
    @dataclass
    class First:
        label: str = "first_letter"

        def extract(self, answer: str, item: Item) -> tuple[str | None, str]:
            return answer[:1], "first"

        def score(self, picked: Sequence[str], items: Sequence[Item]) -> np.ndarray:
            return np.array([float(one == item.answers[0]) for one, item in zip(picked, items)])

    items = [choice("1", "A"), choice("2", "BD", multiple=True), choice("3", "C")]
    weights = {"A": -1.0, "B": -2.0, "C": -3.0, "D": -4.0}
    answers = [
        prediction("1", "A或B", choice="AB", rule="several", likelihoods=weights),
        prediction("2", "BD", choice="BD", rule="letters", likelihoods=None),
        prediction("3", "不知道", choice=None, rule="refusal", likelihoods=weights),
    ]
    ways = {"yes_no": {"1": "A", "2": "BD", "3": None}, "texts": {"1": "A", "3": "C"}}
    found = measured(items, answers, ["accuracy", "options", "unparsed", "unfinished"], official=First(), ways=ways)
    scores = found.answers.scores
    assert scores["accuracy"] == [0.0, 1.0, 0.0]
    assert scores["unparsed"] == [0.0, 0.0, 1.0]
    assert scores["accuracy_first_letter"] == [1.0, 0.0, 0.0]
    assert scores["accuracy_likelihood"] == [1.0, None, 0.0]  # no single letter is right: left out
    assert scores["accuracy_yes_no"] == [1.0, 1.0, 0.0]
    assert scores["accuracy_texts"] == [1.0, None, 1.0]
    assert found.answers.choices == ("AB", "BD", None)
    assert found.answers.rules == ("several", "letters", "refusal")
    assert {note.family for note in found.metrics} == {"choice", "answers"}


def test_every_number_has_a_note_and_every_corpus_value_an_n() -> None:
    drugs = (Drug("丙泊酚", (), (Window("诱导", 1, 2.5, "mg/kg"),)),)
    metrics = ["bleu", "gleu", "rouge", "distinct", "exact_match", "f1", "length", "unfinished", "safety"]
    items = [replace(item, group="one") for item in QUESTIONS]
    answers = [prediction("1", "丙泊酚 20 mg/kg"), prediction("2", "七氟烷", finished=False)]
    found = measured(items, answers, metrics, drugs=drugs)
    names = {note.name for note in found.metrics}
    assert names == {*found.answers.scores, *found.answers.corpus}
    assert all(note.signature for note in found.metrics)
    assert found.answers.scores["unsafe"] == [1.0, 0.0] and found.answers.scores["unfinished"] == [0.0, 1.0]
    for value in found.answers.corpus.values():
        assert (value.n, value.groups) == (2, 1)


def test_corpus_values_have_intervals_that_hold_them() -> None:
    items = [question(str(at), "麻醉诱导前应给氧去氮") for at in range(12)]
    answers = [prediction(str(at), "麻醉诱导前应给氧去氮"[: 4 + at % 6]) for at in range(12)]
    corpus = measured(items, answers, ["bleu", "gleu", "distinct"]).answers.corpus
    for name in ("bleu_1_corpus", "bleu_4_corpus", "gleu_corpus", "bleu_2_corpus_words"):
        assert corpus[name].low < corpus[name].value < corpus[name].high
    assert corpus["distinct_1"].low != corpus["distinct_1"].low  # nan: it does not come from sums


def test_a_task_is_described_with_the_metrics_of_all_models_and_hidden_if_one_item_is_local() -> None:
    items = [choice("1", "A"), choice("2", "B", egress="local")]
    plain = [prediction("1", "A", choice="A"), prediction("2", "A", choice="A")]
    weighed = [replace(one, likelihoods={"A": -1.0, "B": -2.0}) for one in plain]
    both = [measured(items, answers, ["accuracy"]) for answers in (plain, weighed)]
    task = describe(name="t", kind="choice", items=items, measured=both, version="v")
    assert "accuracy_likelihood" in {note.name for note in task.metrics}
    assert task.hidden and not describe(name="t", kind="choice", items=items[:1], measured=both).hidden
    assert [q.options["A"] for q in task.questions] == ["x", "x"]
