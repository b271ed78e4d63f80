"""Accuracy by log-likelihood: what is left out, and what the report says about it."""

import math

from hypnos.benchmark.items import Item
from hypnos.benchmark.metrics.likelihood_accuracy import left_out_note, measure_likelihoods
from hypnos.benchmark.predictions import Prediction

OPTIONS = {"A": "短", "B": "长得多的一项", "C": "丙"}
ITEMS = [
    Item(id="1", kind="choice", question="?", answers=("A",), options=OPTIONS),
    Item(id="2", kind="choice", question="?", answers=("AC",), options=OPTIONS, multiple=True),
]


def prediction(item: str, likelihoods: dict[str, float] | None, rule: str = "") -> Prediction:
    return Prediction(
        item=item, prompt="", raw="", answer="", finished=True, tokens=0, likelihoods=likelihoods, rule=rule
    )


def test_each_type_of_request_has_its_numbers_of_the_items_it_can_answer(tmp_path) -> None:
    values = {"A": math.log(0.6), "B": math.log(0.3), "C": math.log(0.55)}
    longer = {"A": -3.0, "B": -9.0, "C": -8.0}
    by_type = {
        "generation": [prediction("1", None), prediction("2", None)],
        "letters": [prediction("1", values), prediction("2", values)],
        "texts": [prediction("1", longer), prediction("2", None)],
        "yes_no": [prediction("1", values), prediction("2", values)],
    }
    measured = list(measure_likelihoods(ITEMS, by_type, folder=tmp_path))
    found = {m.metrics[0].name: ([item.id for item, _ in m.answered], m.scores.items) for m in measured}
    assert list(found) == ["accuracy_likelihood", "accuracy_texts", "accuracy_texts_per_char", "accuracy_yes_no"]
    assert {name: ids for name, (ids, _) in found.items()} == {
        "accuracy_likelihood": ["1"],
        "accuracy_texts": ["1"],
        "accuracy_texts_per_char": ["1"],
        "accuracy_yes_no": ["1", "2"],
    }
    values_of = {name: scores[name].tolist() for name, (_, scores) in found.items()}
    assert values_of["accuracy_likelihood"] == [1.0] and values_of["accuracy_texts"] == [1.0]
    assert values_of["accuracy_texts_per_char"] == [0.0]  # B is likelier for each of its characters
    assert values_of["accuracy_yes_no"] == [0.0, 1.0]
    headlines = {m.metrics[0].name for m in measured if m.metrics[0].headline}
    assert headlines == {"accuracy_likelihood"}


def test_without_likelihoods_there_is_no_number(tmp_path) -> None:
    by_type = {"generation": [prediction("1", {"A": -1.0})], "texts": [prediction("1", None)]}
    assert list(measure_likelihoods(ITEMS, by_type, folder=tmp_path)) == []


def test_the_report_counts_what_likelihood_could_not_be_asked_of() -> None:
    fits, several = prediction("1", {"A": -1.0}), prediction("2", None, "left out: several answers")
    long = prediction("3", None, "prompt too long")
    answers = {
        ("m", "t"): {"generation": [several], "letters": [fits, several, long]},
        ("m", "u"): {"letters": [fits]},
    }
    (note,) = left_out_note(answers)
    assert note.rows == (("m", "t", "letters", "1", "1", "3"),)
    assert left_out_note({("m", "u"): {"letters": [fits]}}) == []
