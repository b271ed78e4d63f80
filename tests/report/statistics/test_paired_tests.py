"""Tests between models and Holm's correction against scipy and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from hypnos.report.statistics.paired_tests import compare, compare_many, holm

VALUES = np.random.default_rng(3).beta(2, 3, 60).tolist()
ALONE = list(range(60))


def test_the_exact_permutation_test_is_that_of_scipy() -> None:
    random = np.random.default_rng(5)
    first, second = random.random(11), random.random(11) - 0.15
    theirs = stats.permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert compare(first.tolist(), second.tolist(), range(11)).p == pytest.approx(theirs.pvalue)


def test_the_drawn_permutation_test_is_near_that_of_scipy() -> None:
    random = np.random.default_rng(6)
    first, second = random.random(50), random.random(50) - 0.2
    theirs = stats.permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=20_000, rng=0
    )
    found = compare(first.tolist(), second.tolist(), range(50), resamples=40_000)
    assert found.p == pytest.approx(theirs.pvalue, abs=0.01)
    assert found.p_bootstrap == pytest.approx(theirs.pvalue, abs=0.03)
    assert found.difference == pytest.approx(np.mean(first - second)) and found.low < found.difference < found.high


def test_on_right_and_wrong_the_exact_test_is_mcnemars() -> None:
    first = [1.0] * 9 + [0.0] * 2 + [1.0] * 20
    second = [0.0] * 9 + [1.0] * 2 + [1.0] * 20
    assert compare(first, second, range(31)).p == pytest.approx(stats.binomtest(2, 11).pvalue)


def test_equal_models_do_not_differ() -> None:
    found = compare(VALUES, VALUES, ALONE)
    assert (found.difference, found.p, found.p_bootstrap) == (0.0, 1.0, 1.0)


def test_questions_that_one_model_lacks_are_left_out() -> None:
    found = compare([1.0, None, 0.5], [0.0, 1.0, 0.5], "abc")
    assert found.n == 2 and found.difference == 0.5


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    adjusted = holm([0.01, math.nan, 0.02])
    assert adjusted[0] == 0.02 and math.isnan(adjusted[1]) and adjusted[2] == 0.02


def test_comparisons_asked_together_are_corrected_together() -> None:
    worse = [value - 0.1 for value in VALUES]
    noisy = (np.array(VALUES) + np.random.default_rng(2).normal(0.02, 0.2, 60)).tolist()
    found = compare_many([(VALUES, worse), (VALUES, noisy)], ALONE)
    assert [c.adjusted for c in found] == holm([c.p for c in found])
    assert found[0].adjusted == pytest.approx(2 * found[0].p) and found[0].p == pytest.approx(1 / 10_001)
