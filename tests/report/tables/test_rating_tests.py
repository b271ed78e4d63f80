"""Tests between models on ratings, judges' scores and wins: against scipy, by hand, and by simulation."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hypnos.report.report import tabulate_results
from hypnos.report.results import Duel, Indicator, Note, Rating
from hypnos.report.tables.rating_tests import duel_tests, rating_tests

MODELS = ("good", "bad")
USEFUL = Indicator(key="usefulness", title="有用性")
HARM = Indicator(key="harmfulness", title="有害性", better="lower", turned="无害性")


def rate(model: str, values: Sequence[float], rater: str = "one", indicator: str = "usefulness") -> list[Rating]:
    return [
        Rating(model=model, task="open", item=f"q{at}", rater=rater, indicator=indicator, value=value)
        for at, value in enumerate(values)
    ]


def only(notes) -> Note:
    (note,) = notes
    return note


def test_one_rater_is_the_exact_permutation_test_and_students_interval() -> None:
    good, bad = [9, 8, 7, 9, 6, 8, 9, 7], [7, 8, 5, 6, 7, 5, 6, 6]
    note = only(rating_tests([*rate("good", good), *rate("bad", bad)], indicators=[USEFUL], models=MODELS, title="x"))
    (test,) = note.tests
    apart = np.subtract(good, bad)
    low, high = stats.t.interval(0.95, 7, apart.mean(), stats.sem(apart))
    exact = stats.permutation_test(
        (apart, np.zeros(8)), lambda x, y, axis: np.sum(x - y, axis=axis), permutation_type="samples", vectorized=True
    ).pvalue
    assert (test.comparison.difference, test.comparison.low, test.comparison.high) == pytest.approx((1.625, low, high))
    assert test.comparison.p == pytest.approx(exact) and test.comparison.raters == 1
    assert note.rows[0][:4] == ("有用性", "good", "bad", "1.62") and note.rows[0][-3:] == ("8", "8", "1")


def test_two_raters_that_differ_in_whom_they_like_take_certainty_away() -> None:
    random = np.random.default_rng(0)
    rows = []
    for rater, liking in (("one", 3.0), ("two", 0.5)):
        base = random.uniform(2, 6, 40)
        rows += [*rate("good", (base + liking).tolist(), rater), *rate("bad", base.tolist(), rater)]
    both = only(rating_tests(rows, indicators=[USEFUL], models=MODELS, title="x")).tests[0].comparison
    alone = only(rating_tests(rows[:80], indicators=[USEFUL], models=MODELS, title="x")).tests[0].comparison
    assert alone.p < 1e-9 and both.p > 0.1 and both.low < 0 < both.difference < both.high
    assert (both.n, both.groups, both.raters) == (80, 40, 2)


def test_only_answers_that_the_same_rater_scored_are_compared() -> None:
    rows = [*rate("good", [9] * 8), *rate("bad", [5] * 4, "one"), *rate("bad", [1] * 8, "two")]
    test = only(rating_tests(rows, indicators=[USEFUL], models=MODELS, title="x")).tests[0].comparison
    assert (test.difference, test.n) == (4.0, 4) and test.untested == "not testable"


def test_several_scores_of_one_rater_count_as_their_mean_and_harm_is_turned_round() -> None:
    rows = [*rate("good", [0, 2], indicator="harmfulness"), *rate("good", [2, 2], indicator="harmfulness")]
    rows += rate("bad", [5, 5], indicator="harmfulness")
    note = only(rating_tests(rows, indicators=[USEFUL, HARM], models=MODELS, title="x"))
    assert [(test.measure, test.comparison.difference) for test in note.tests] == [("无害性", 3.5)]


def test_questions_of_one_stem_are_swapped_together() -> None:
    rows = [*rate("good", [7] * 12), *rate("bad", [6] * 12)]
    alone = only(rating_tests(rows, indicators=[USEFUL], models=MODELS, title="x")).tests[0].comparison
    stems = [replace(row, group=f"s{int(row.item[1:]) // 2}") for row in rows]
    test = only(rating_tests(stems, indicators=[USEFUL], models=MODELS, title="x")).tests[0].comparison
    assert (alone.p, test.p, test.groups) == (pytest.approx(2 / 2**12), pytest.approx(2 / 2**6), 6)


def test_pairs_of_models_on_one_scale_are_corrected_together_and_scales_apart() -> None:
    values = {"a": [9.0] * 8, "b": [5.0] * 8, "c": [1.0] * 8}
    rows = [row for model, scores in values.items() for row in rate(model, scores)]
    rows += [row for model in "ab" for row in rate(model, values[model], indicator="coherence")]
    note = only(rating_tests(rows, indicators=[USEFUL], models=tuple("abc"), title="x"))
    assert [(t.measure, t.first, t.second) for t in note.tests] == [
        *(("有用性", "a", "b"), ("有用性", "a", "c"), ("有用性", "b", "c")),
        ("coherence", "a", "b"),
    ]
    assert [t.comparison.adjusted for t in note.tests] == pytest.approx([6 / 2**8] * 3 + [2 / 2**8])


def test_wins_less_losses_are_the_sign_test() -> None:
    outcomes = [1] * 12 + [-1] * 3 + [0] * 5
    duels = [
        Duel(task="open", item=f"q{at}", first="good", second="bad", outcome=outcome, judge="gpt")
        if at % 2
        else Duel(task="open", item=f"q{at}", first="bad", second="good", outcome=-outcome, judge="gpt")
        for at, outcome in enumerate(outcomes)
    ]
    note = only(duel_tests(duels, models=MODELS))
    (test,) = note.tests
    assert test.comparison.difference == pytest.approx(9 / 20)
    assert test.comparison.p == pytest.approx(stats.binomtest(3, 15).pvalue)
    assert note.rows[0][:4] == ("win rate", "good", "bad", "45.0") and note.head[-1] == "judges"
    turned = only(duel_tests(duels, models=MODELS[::-1])).tests[0].comparison
    assert turned.difference == pytest.approx(-9 / 20) and turned.p == pytest.approx(test.comparison.p)


def test_judges_that_disagree_are_no_proof_however_many_pairs() -> None:
    duels = [
        Duel(task="open", item=f"q{at}", first="good", second="bad", outcome=outcome, judge=judge)
        for judge, outcome in (("gpt", 1), ("claude", 0))
        for at in range(100)
    ]
    test = only(duel_tests(duels, models=MODELS)).tests[0].comparison
    assert test.p > 0.2 and test.low < 0 < test.high
    assert only(duel_tests(duels[:100], models=MODELS)).tests[0].comparison.p < 1e-20


def test_a_report_holds_the_tests_of_raters_judges_and_wins(results) -> None:
    _, notes = tabulate_results(results)
    tests = {note.title: note for note in notes if note.tests}
    assert list(tests)[-3:] == [
        "open: judged, differences between models",
        "open: rated by people, differences between models",
        "open: wins less losses in pairs, in percent of all",
    ]
    by_people = tests["open: rated by people, differences between models"]
    assert by_people.head[-1] == "raters" and by_people.rows[0][:4] == ("有用性", "good", "bad", "4.00")
    # Four questions and raters that agree to the last digit: nothing that a p could rest on.
    assert all(row[5] in ("–", "not testable") or float(row[5]) >= 0.05 for row in by_people.rows)
    assert all(math.isnan(t.comparison.p) for t in tests["open: judged, differences between models"].tests)
