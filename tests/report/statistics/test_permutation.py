"""The paired permutation test against scipy's, against exact distributions, and against random swaps."""

import math

import numpy as np
import pytest
from scipy import stats

from hypnos.report.statistics.permutation import ENUMERATED, permutation_p


def by_scipy(differences) -> float:
    return stats.permutation_test(
        (np.asarray(differences), np.zeros(len(differences))),
        lambda x, y, axis: np.sum(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    ).pvalue


@pytest.mark.parametrize("seed", range(5))
def test_few_groups_are_exact_as_scipy_is(seed):
    differences = np.random.default_rng(seed).normal(0.4, 1, 9)
    assert permutation_p(differences) == pytest.approx(by_scipy(differences), abs=1e-12)


def test_right_and_wrong_answers_are_mcnemars_exact_test():
    differences = np.array([1.0] * 21 + [-1.0] * 9 + [0.0] * 400)
    assert permutation_p(differences) == pytest.approx(stats.binomtest(9, 30).pvalue, rel=1e-9)


def test_sums_over_groups_of_right_and_wrong_answers_are_exact_too():
    sums = np.array([3.0, -1, 2, 2, -2, 1, 1, 0, 4, -1, 1, 2, 2, -1])
    assert permutation_p(sums) == pytest.approx(by_scipy(sums), abs=1e-12)
    assert permutation_p(sums / 4) == pytest.approx(permutation_p(sums), abs=1e-12)  # a mean of four repeats
    assert permutation_p(sums / 3) == pytest.approx(permutation_p(sums), abs=1e-12)


@pytest.mark.parametrize("shift", [0.05, 0.2, 0.4])
def test_many_groups_agree_with_a_hundred_thousand_random_swaps(shift):
    random = np.random.default_rng(7)
    differences = random.exponential(1, 60) - 1 + shift
    signs = random.choice([-1.0, 1.0], (100_000, 60))
    by_chance = (np.abs(signs @ differences) >= abs(differences.sum())).mean()
    assert len(differences) > ENUMERATED
    assert permutation_p(differences) == pytest.approx(by_chance, rel=0.03, abs=0.003)


def test_p_reaches_far_below_what_swaps_could():
    differences = np.random.default_rng(0).normal(0.3, 1, 1000)
    assert permutation_p(differences) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, rel=0.5)
    assert permutation_p(differences) < 1e-12


def test_all_of_one_sign_is_the_least_p_there_is():
    assert permutation_p(np.full(30, 0.37)) == 2.0**-29
    assert permutation_p(np.random.default_rng(0).uniform(0.1, 1, 40)) == pytest.approx(2.0**-39)


def test_nothing_that_differs_is_no_test_and_no_difference_is_no_sign():
    assert math.isnan(permutation_p(np.zeros(9)))
    assert permutation_p(np.array([1.0, -1.0] * 5)) == 1.0
    values = np.random.default_rng(1).normal(0, 1, 41)
    assert permutation_p(np.concatenate([values, -values])) == 1.0


def test_it_cries_wolf_as_often_as_it_says():
    random = np.random.default_rng(3)
    p_values = [permutation_p(random.choice([-1.0, 0.0, 1.0], 40)) for _ in range(2000)]
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.06
