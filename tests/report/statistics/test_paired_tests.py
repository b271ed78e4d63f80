"""Paired tests and Holm's correction, against scipy, by hand and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from hypnos.report.statistics.intervals import SHARE
from hypnos.report.statistics.paired_tests import NOT_TESTABLE, compare, correct, holm, write_p

FIRST = [1.0] * 14 + [0.0] * 6
SECOND = [1.0] * 5 + [0.0] * 15


def test_two_models_on_the_same_questions_are_mcnemars_exact_test():
    test = compare(FIRST, SECOND, range(20), bounds=SHARE)
    assert test.difference == pytest.approx(0.45) and (test.n, test.groups) == (20, 20)
    assert test.p == pytest.approx(stats.binomtest(0, 9).pvalue)
    assert test.low > 0 and test.high < 1


def test_whole_groups_are_swapped():
    alone = compare(FIRST, SECOND, range(20))
    pairs = compare(FIRST, SECOND, [at // 2 for at in range(20)])
    assert pairs.groups == 10 and pairs.p > 3 * alone.p


def test_a_question_that_either_lacks_is_left_out():
    test = compare([1.0, None, 0.5, 1.0], [0.0, 1.0, None, 1.0], range(4))
    assert (test.n, test.groups, test.difference) == (2, 2, 0.5)
    assert compare([None], [1.0], [0]).untested == NOT_TESTABLE


def test_where_no_swap_could_reach_it_is_not_testable():
    few = compare([1.0] * 5, [0.0] * 5, range(5))
    assert math.isnan(few.p) and few.untested == NOT_TESTABLE and write_p(few.p, few.untested) == "not testable"
    assert compare([1.0] * 6, [0.0] * 6, range(6)).p == pytest.approx(2 / 64)


def test_the_same_answers_are_no_test():
    test = compare(FIRST, FIRST, range(20), bounds=SHARE)
    assert math.isnan(test.p) and not test.untested and write_p(test.p) == "–"
    unseen = 1 - 0.025 ** (1 / 20)
    assert (test.low, test.high) == pytest.approx((-unseen, unseen))


def test_seeds_that_differ_take_the_certainty_from_many_questions():
    """An arm that is 5 points better in one seed and worse in the other: questions alone would call that certain."""
    random = np.random.default_rng(0)
    base = random.standard_normal(95)
    seeds = {"0": 0.05, "1": 0.01}
    first = [value + shift + 0.001 * random.standard_normal() for shift in seeds.values() for value in base]
    second = [*base, *base]
    levels = [seed for seed in seeds for _ in base]
    crossed = compare(first, second, [*range(95)] * 2, levels)
    pooled = compare(first, second, [*range(95)] * 2)
    assert pooled.p < 1e-20 and crossed.p > 0.2 and crossed.low < 0 < crossed.high


def test_two_arms_of_equal_truth_are_called_apart_as_often_as_p_says():
    random, runs, alarms = np.random.default_rng(5), 300, 0
    groups, levels = [*range(95)] * 3, [seed for seed in range(3) for _ in range(95)]
    for _ in range(runs):
        chance = random.random((2, 3, 95)) - 0.05 * random.standard_normal((2, 3, 1))
        difficulty = random.normal(0, 0.2, 95)
        first, second = ((arm + difficulty < 0.5).astype(float).ravel().tolist() for arm in chance)
        alarms += compare(first, second, groups, levels, bounds=SHARE).p < 0.05
    assert alarms / runs <= 0.08


def test_holm_is_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([math.nan, 0.2])[1] == 0.2
    assert holm([0.5, 0.6, 0.7]) == pytest.approx([1.0, 1.0, 1.0])


def test_tests_of_one_metric_are_corrected_together_and_of_another_apart():
    strong, weak = compare(FIRST, SECOND, range(20)), compare(FIRST, FIRST[::-1], range(20))
    same = compare(FIRST, FIRST, range(20))
    corrected = correct(["f1", "f1", "bleu", "bleu"], [strong, weak, strong, same])
    assert corrected[0].adjusted == pytest.approx(2 * strong.p) and corrected[2].adjusted == pytest.approx(strong.p)
    assert math.isnan(corrected[3].adjusted)


def test_of_twenty_models_a_difference_of_thirty_points_can_be_told():
    """190 pairs and three metrics: more tests than ten thousand swaps could ever tell apart."""
    random = np.random.default_rng(0)
    far = compare(
        (random.random(95) < 0.7).astype(float).tolist(), (random.random(95) < 0.3).astype(float).tolist(), range(95)
    )
    tests = [far, *(compare(FIRST, FIRST[::-1], range(20)) for _ in range(569))]
    assert correct(["accuracy"] * 570, tests)[0].adjusted < 0.05


@pytest.mark.parametrize(("p", "text"), [(0.0004, "< 0.001"), (0.0345, "0.035"), (1.0, "1.000")])
def test_p_in_print(p, text):
    assert write_p(p) == text
