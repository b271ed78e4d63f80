"""From answers to numbers: order, repeats, what is missing, and which metrics a task has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.metrics.measure import describe_task, measure
from hypnos.benchmark.predictions import Prediction
from hypnos.errors import UserError
from hypnos.specialty.folder import Specialty, read_specialty

QUESTIONS = [
    {"id": "1", "question": "问题1", "answers": ["丙泊酚"]},
    {"id": "2", "question": "问题2", "answers": ["七氟烷"]},
]


@pytest.fixture(scope="module")
def specialty() -> Specialty:
    return read_specialty(Path(__file__).parents[3] / "specialty" / "anesthesia")


def prediction(item: str, answer: str, **more) -> Prediction:
    return Prediction(
        **{"item": item, "prompt": "", "raw": answer, "answer": answer, "finished": True, "tokens": 1, **more}
    )


def choice(name: str, right: str, **more) -> dict:
    return {"id": name, "question": f"选择{name}", "options": dict.fromkeys("ABCD", "x"), "answer": right, **more}


@pytest.fixture
def measured(make_task, specialty):
    """The numbers of one model on a task made of rows."""

    def make(rows, answers, metrics, **settings):
        kind = "choice" if "options" in rows[0] else "question"
        task = make_task(rows, name="t", kind=kind, metrics=metrics, **settings)
        by_type = answers if isinstance(answers, dict) else {"generation": answers}
        return measure(task, "m", by_type, specialty)

    return make


def test_scores_stand_in_the_order_of_the_questions(measured) -> None:
    answers = [prediction("2", "七氟烷"), prediction("1", "完全不对")]
    scores = measured(QUESTIONS, answers, ["rouge", "exact_match"]).answers
    assert (scores.model, scores.task) == ("m", "t")
    assert scores.texts == ("完全不对", "七氟烷")
    assert scores.scores["exact_match"] == [0.0, 1.0]
    assert scores.scores["rouge_l"] == pytest.approx([0.0, 1.0], abs=1e-7)


def test_repeats_are_averaged_for_each_question(measured) -> None:
    answers = [
        prediction("1", "丙泊酚"),
        prediction("2", ""),
        prediction("1", "", sample=1),
        prediction("2", "", sample=1),
    ]
    scores = measured(QUESTIONS, answers, ["exact_match"]).answers
    assert scores.scores["exact_match"] == [0.5, 0.0]
    assert scores.texts == ("丙泊酚", "") and scores.repeats == 2


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["1"], "m on t: no answer to 1 of 2 questions, such as 2"),
        (["1", "2", "9"], "m on t: an answer to 9, which is no question"),
        (["1", "2", "2"], "m on t: two answers to 2, sample 0"),
    ],
)
def test_answers_must_fit_the_questions(answers, message, measured) -> None:
    with pytest.raises(UserError, match=message):
        measured(QUESTIONS, [prediction(name, "x") for name in answers], ["exact_match"])


def test_an_empty_task_is_refused(make_task, specialty) -> None:
    with pytest.raises(UserError, match="no records"):
        measure(make_task([], metrics=["bleu"]), "m", {"generation": []}, specialty)


def test_a_metric_that_does_not_fit_is_refused_before_anything_is_measured(measured) -> None:
    with pytest.raises(UserError, match=r"t\.metrics: accuracy does not fit questions of kind question"):
        measured(QUESTIONS, [], ["accuracy"])


def test_choice_by_reading_by_likelihood_and_by_somebody_elses_rule(measured) -> None:
    @dataclass
    class First:
        label: str = "first_letter"

        def extract(self, answer: str, item: Item) -> tuple[str | None, str]:
            return answer[:1], "first"

        def score(self, picked: Sequence[str], items: Sequence[Item]) -> np.ndarray:
            return np.array([float(letter == item.answers[0]) for letter, item in zip(picked, items)])

    rows = [choice("1", "A"), choice("2", "BD"), choice("3", "C")]
    values = {"A": -0.1, "B": -2.0, "C": -3.0, "D": -4.0}
    answers = [
        prediction("1", "A或B", choice="AB", rule="several"),
        prediction("2", "BD", choice="BD", rule="letters"),
        prediction("3", "不知道", choice=None, rule="refusal"),
    ]
    by_type = {
        "generation": answers,
        "letters": [prediction(name, "A", likelihoods=values) for name in "123"],
        "texts": [prediction("1", "A", likelihoods=values), prediction("2", ""), prediction("3", "")],
        "yes_no": [prediction(name, "A", likelihoods=values) for name in "123"],
    }
    metrics = ["accuracy", "options", "unparsed", "unfinished"]
    task_scores = measured(rows, by_type, metrics, official=First())
    scores = task_scores.answers.scores
    assert scores["accuracy"] == [0.0, 1.0, 0.0]
    assert scores["unparsed"] == [0.0, 0.0, 1.0]
    assert scores["accuracy_first_letter"] == [1.0, 0.0, 0.0]
    assert scores["accuracy_likelihood"] == [1.0, None, 0.0]  # no single letter is right: left out
    assert scores["accuracy_yes_no"] == [1.0, 0.0, 0.0]
    assert scores["accuracy_texts"] == [1.0, None, None]
    assert task_scores.answers.choices == ("AB", "BD", None)
    assert task_scores.answers.rules == ("several", "letters", "refusal")
    assert {metric.family for metric in task_scores.metrics} == {"choice", "answers"}
    labels = {metric.name: metric.label for metric in task_scores.metrics}
    assert labels["accuracy_first_letter"] == "Accuracy, first_letter" and labels["accuracy"] == "Accuracy"


def test_every_number_is_explained_and_every_corpus_value_has_an_n(measured) -> None:
    metrics = ["bleu", "gleu", "rouge", "distinct", "exact_match", "f1", "length", "unfinished", "safety"]
    rows = [{**row, "group": "one"} for row in QUESTIONS]
    answers = [prediction("1", "丙泊酚 20 mg/kg"), prediction("2", "七氟烷", finished=False)]
    task_scores = measured(rows, answers, metrics)
    names = {metric.name for metric in task_scores.metrics}
    assert names == {*task_scores.answers.scores, *task_scores.answers.corpus}
    assert all(metric.signature and metric.label for metric in task_scores.metrics)
    assert task_scores.answers.scores["unsafe"] == [1.0, 0.0]
    assert task_scores.answers.scores["unfinished"] == [0.0, 1.0]
    for value in task_scores.answers.corpus.values():
        assert (value.n, value.groups) == (2, 1)


def test_one_name_of_a_class_gives_all_its_numbers_and_a_specialty_without_drugs_no_safety(
    make_task, specialty
) -> None:
    task = make_task(QUESTIONS, metrics=["f1", "safety"])
    answers = {"generation": [prediction("1", "丙泊酚"), prediction("2", "")]}
    scores = measure(task, "m", answers, replace(specialty, drugs=())).answers.scores
    assert scores == {"exact_match": [1.0, 0.0], "f1": [1.0, 0.0]}


def test_corpus_values_have_intervals_that_hold_them(measured) -> None:
    rows = [{"id": str(n), "question": f"问题{n}", "answers": ["麻醉诱导前应给氧去氮"]} for n in range(12)]
    answers = [prediction(str(n), "麻醉诱导前应给氧去氮"[: 4 + n % 6]) for n in range(12)]
    corpus = measured(rows, answers, ["bleu", "gleu", "distinct"]).answers.corpus
    for name in ("bleu_1_corpus", "bleu_4_corpus", "gleu_corpus", "bleu_2_corpus_words"):
        assert corpus[name].low < corpus[name].value < corpus[name].high
    assert corpus["distinct_1"].low != corpus["distinct_1"].low  # nan: it does not come from sums


def test_a_task_is_described_with_the_metrics_of_all_models_and_hidden_if_one_item_is_local(
    make_task, specialty
) -> None:
    rows = [choice("1", "A"), choice("2", "B", egress="local")]
    task = make_task(rows, name="t", kind="choice", metrics=["accuracy"])
    answers = [prediction("1", "A", choice="A"), prediction("2", "A", choice="A")]
    letters = [replace(answer, likelihoods={"A": -1.0, "B": -2.0}) for answer in answers]
    both = [
        measure(task, "plain", {"generation": answers}, specialty),
        measure(task, "local", {"generation": answers, "letters": letters}, specialty),
    ]
    described = describe_task(task, both)
    assert [metric.name for metric in described.metrics][-1] == "accuracy_likelihood"
    assert described.version == task.version() and described.hidden
    assert [question.options["A"] for question in described.questions] == ["x", "x"]
    open_alone = make_task(rows[:1], name="t", kind="choice", metrics=["accuracy"])
    assert not describe_task(open_alone, both).hidden
