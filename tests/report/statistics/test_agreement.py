import math
from dataclasses import replace

import krippendorff
import numpy as np
import pytest

from hypnos.report.results import Rating
from hypnos.report.statistics.agreement import (
    judge_agreement,
    krippendorff_alpha,
    rater_agreement,
    weighted_kappa,
)

N = float("nan")

# Krippendorff (2011), the example with missing values: four observers, twelve units.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
)


def test_alpha_has_the_published_values():
    alphas = [round(krippendorff_alpha(PUBLISHED, level=level), 3) for level in ("nominal", "ordinal", "interval")]
    assert alphas == [0.743, 0.815, 0.849]


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("seed", range(5))
def test_alpha_equals_the_library(level, seed):
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 11, 40)
    ratings = np.clip(truth + draw.integers(-2, 3, (4, 40)), 0, 10).astype(float)
    ratings[draw.random(ratings.shape) < 0.4] = N
    expected = krippendorff.alpha(reliability_data=ratings, level_of_measurement=level)
    assert krippendorff_alpha(ratings, level=level) == pytest.approx(expected, abs=1e-12)


def test_alpha_by_hand():
    # Two raters, units (0,0) (0,1) (1,1): coincidences o00=2, o01=o10=1, o11=2; n=6, n0=n1=3.
    # Observed disagreement 2/6; expected 2*3*3/(6*5) = 0.6; alpha = 1 - (1/3)/0.6 = 4/9.
    assert krippendorff_alpha(np.array([[0.0, 0, 1], [0, 1, 1]]), level="nominal") == pytest.approx(4 / 9)


@pytest.mark.parametrize(
    "ratings", [[[5.0, 5, 5], [5, 5, 5]], [[1.0, N], [N, 2]], [[N, N], [N, N]], [[1.0, 2, 3]], np.zeros((0, 0))]
)
def test_alpha_is_not_a_number_where_nothing_can_be_told(ratings):
    assert math.isnan(krippendorff_alpha(np.array(ratings)))


def test_kappa_by_hand():
    # Table rows first rater 0..2: pairs (0,0) (0,1) (1,1) (2,2) (2,1). Linear cost observed 2.
    # Margins 2,1,2 and 1,3,1: expected cost sum |i-j| r_i c_j / 5 = (2*3 + 2*2*1 + 1*1 + 1*1 + 2*2*1 + 2*3) / 5 = 22/5.
    first, second = np.array([0.0, 0, 1, 2, 2]), np.array([0.0, 1, 1, 2, 1])
    assert weighted_kappa(first, second, low=0, high=2, weights="linear") == pytest.approx(1 - 2 / 4.4)
    # Quadratic: observed 2, expected (6 + 2*4 + 1 + 1 + 2*4 + 6) / 5 = 6.
    assert weighted_kappa(first, second, low=0, high=2) == pytest.approx(1 - 2 / 6)


def test_kappa_of_two_categories_is_cohens():
    # Cohen's kappa of the table 20 5 / 10 15: observed 0.7, chance 0.5.
    first = np.array([1.0] * 25 + [2.0] * 25)
    second = np.array([1.0] * 20 + [2.0] * 5 + [1.0] * 10 + [2.0] * 15)
    assert weighted_kappa(first, second, low=1, high=2) == pytest.approx(0.4)


def test_kappa_ignores_missing_and_knows_when_it_cannot_tell():
    first, second = np.array([1.0, N, 3, 2]), np.array([1.0, 2, 3, N])
    assert weighted_kappa(first, second, low=0, high=10) == pytest.approx(1)
    assert math.isnan(weighted_kappa(np.array([4.0, 4]), np.array([4.0, 4]), low=0, high=10))
    assert math.isnan(weighted_kappa(np.array([N]), np.array([4.0]), low=0, high=10))


def ratings(rater, indicator, values, model="m"):
    return [
        Rating(model=model, task="aneqa", item=f"q{n}", rater=rater, indicator=indicator, value=value)
        for n, value in enumerate(values)
        if value is not None
    ]


def test_agreement_of_three_raters_on_two_indicators():
    given = [
        *ratings("a", "usefulness", [1, 5, 9, 4]),
        *ratings("b", "usefulness", [1, 5, 9, None]),
        *ratings("c", "usefulness", [None, 4, 9, None]),
        *ratings("a", "coherence", [3, 4, None, None]),
        *ratings("b", "coherence", [None, None, 3, 4]),
    ]
    usefulness, coherence = rater_agreement(given)
    # The last answer has one rating alone. Pairs of ratings: a-b 3 equal, a-c and b-c one equal of two each.
    assert (usefulness.units, usefulness.raters, usefulness.pairs) == (3, 3, 3)
    assert usefulness.exact == pytest.approx(5 / 7)
    table = np.array([[1.0, 5, 9], [1, 5, 9], [N, 4, 9]])
    assert usefulness.alpha == pytest.approx(krippendorff.alpha(reliability_data=table, level_of_measurement="ordinal"))
    # Of a-c and b-c: values (5,4) (9,9): observed 1, expected (0.5*(1+0) + ... )
    two = weighted_kappa(np.array([5.0, 9]), np.array([4.0, 9]), low=0, high=10)
    assert usefulness.kappa == pytest.approx((3 * 1 + 2 * two + 2 * two) / 7)
    assert (coherence.units, coherence.pairs) == (0, 0)
    assert math.isnan(coherence.alpha) and math.isnan(coherence.exact)


def test_answers_of_two_models_to_one_question_are_two_units():
    given = [
        *ratings("a", "u", [1], "x"),
        *ratings("b", "u", [1], "x"),
        *ratings("a", "u", [9], "y"),
        *ratings("b", "u", [9], "y"),
    ]
    (found,) = rater_agreement(given)
    assert (found.units, found.alpha, found.kappa) == (2, 1.0, 1.0)


def test_one_rating_of_words_that_several_models_gave_is_one_unit():
    def of(rater, values, model, shared=""):
        return [replace(one, shared=shared) for one in ratings(rater, "u", values, model)]

    given = [*of("a", [2, 4, 8], "x"), *of("b", [4, 4, 9], "x")]
    for model in ("e1", "e2", "e3"):
        given += [*of("a", [0, 0, 1], model, "e1 = e2 = e3"), *of("b", [0, 0, 0], model, "e1 = e2 = e3")]
    (found,) = rater_agreement(given)
    once = [[2, 4, 8, 0, 0, 1], [4, 4, 9, 0, 0, 0]]
    alpha = krippendorff.alpha(reliability_data=once, level_of_measurement="ordinal")
    assert (found.units, found.exact, found.alpha) == (6, 3 / 6, pytest.approx(alpha))
    verdicts = [one for model in ("x", "e1", "e2", "e3") for one in of("gpt", [3, 3, 3], model)]
    (judged,) = judge_agreement(verdicts, given)
    assert judged.units == 6
    assert judged.difference == pytest.approx(3 - sum([3, 4, 8.5, 0, 0, 0.5]) / 6)
    assert judged.alpha == pytest.approx(alpha)


def test_a_judge_is_held_against_the_mean_of_the_raters():
    people = [*ratings("a", "u", [2, 4, 8, 6]), *ratings("b", "u", [4, 4, 10, None]), *ratings("a", "only", [1, 2, 3])]
    verdicts = [*ratings("gpt", "u", [4, 5, 10, None]), *ratings("gpt", "other", [1, 2, 3])]
    (found,) = judge_agreement(verdicts, people)
    # Means of the raters 3, 4, 9; the fourth answer has no verdict.
    assert (found.judge, found.indicator, found.units) == ("gpt", "u", 3)
    assert found.difference == pytest.approx(1.0)
    assert found.spearman.value == pytest.approx(1.0)
    expected = weighted_kappa(np.array([4.0, 5, 10]), np.array([3.0, 4, 9]), low=0, high=10)
    assert found.kappa == pytest.approx(expected)
    alone = krippendorff.alpha(reliability_data=[[2, 4, 8], [4, 4, 10]], level_of_measurement="ordinal")
    both = krippendorff.alpha(reliability_data=[[2, 4, 8], [4, 4, 10], [4, 5, 10]], level_of_measurement="ordinal")
    assert (found.alpha, found.alpha_with_judge) == (pytest.approx(alone), pytest.approx(both))


def test_a_judge_that_changes_nothing_leaves_alpha_as_it_was_where_raters_gave_halves():
    people = [*ratings("a", "u", [2, 4, 8]), *ratings("a", "u", [3, 4, 9]), *ratings("b", "u", [3, 4, 8])]
    (found,) = judge_agreement(ratings("one", "u", [3, 4, 8]), people)
    with_judge = [[2.5, 4, 8.5], [3, 4, 8], [3, 4, 8]]
    expected = krippendorff.alpha(reliability_data=with_judge, level_of_measurement="ordinal")
    assert found.alpha_with_judge == pytest.approx(expected)


def test_two_judges_are_two_rows_and_repeated_verdicts_count_as_their_mean():
    people = ratings("a", "u", [2, 4, 8])
    verdicts = [*ratings("one", "u", [2, 4, 8]), *ratings("two", "u", [0, 4, 8]), *ratings("two", "u", [4, 4, 8])]
    one, two = judge_agreement(verdicts, people)
    assert (one.judge, two.judge) == ("one", "two")
    assert (one.difference, two.difference) == (0.0, 0.0)
    assert math.isnan(one.alpha)
    assert one.alpha_with_judge == pytest.approx(1.0)
