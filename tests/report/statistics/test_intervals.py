"""Intervals of means and shares: against scipy, by hand, and where nothing varies."""

import math

import numpy as np
import pytest
from scipy import stats

from hypnos.report.statistics.intervals import SHARE, mean_interval, statistic_intervals

RANDOM = np.random.default_rng(3)
VALUES = RANDOM.beta(2, 3, 60).tolist()
ALONE = list(range(60))


def test_a_mean_of_single_questions_has_students_interval():
    ours = mean_interval(VALUES, ALONE)
    low, high = stats.t.interval(0.95, 59, np.mean(VALUES), stats.sem(VALUES))
    assert (ours.value, ours.low, ours.high) == pytest.approx((np.mean(VALUES), low, high))


def test_a_group_counts_as_one():
    once = mean_interval(VALUES, ALONE)
    thrice = mean_interval([value for value in VALUES for _ in range(3)], [group for group in ALONE for _ in range(3)])
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))
    assert (thrice.n, thrice.groups) == (180, 60)
    apart = mean_interval([value for value in VALUES for _ in range(3)], range(180))
    assert apart.high - apart.low < 0.7 * (once.high - once.low)


def test_what_is_missing_is_left_out_and_counted():
    some = [None if at % 4 == 0 else value for at, value in enumerate(VALUES)]
    kept = [value for value in some if value is not None]
    interval = mean_interval(some, ALONE)
    assert interval == mean_interval(kept, range(45)) and (interval.n, interval.groups) == (45, 45)
    nothing = mean_interval([None, None], [0, 1])
    assert math.isnan(nothing.value) and (nothing.n, nothing.groups) == (0, 0)


@pytest.mark.parametrize("right", [0, 1, 12, 29, 30])
def test_right_and_wrong_answers_are_near_clopper_and_pearson(right):
    values = [1.0] * right + [0.0] * (30 - right)
    ours = mean_interval(values, range(30), bounds=SHARE)
    theirs = stats.binomtest(right, 30).proportion_ci(method="exact")
    tolerance = 1e-9 if right in (0, 30) else 0.02  # the variance is estimated, and so a little wider
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=tolerance)
    assert ours.high - ours.low >= theirs.high - theirs.low - 1e-9


def test_a_share_never_leaves_its_bounds_and_a_mean_without_bounds_may():
    values = [1.0] * 19 + [0.0]
    share, mean = mean_interval(values, range(20), bounds=SHARE), mean_interval(values, range(20))
    assert share.high < 1 < mean.high and share.low > 0.7


def test_groups_that_agree_leave_room_on_both_sides_as_far_as_values_go():
    unseen = 1 - 0.025 ** (1 / 30)
    whole = mean_interval([0.0, 1.0] * 30, [at // 2 for at in range(60)], bounds=SHARE)
    assert (whole.low, whole.high) == pytest.approx((0.5 - unseen / 2, 0.5 + unseen / 2))
    for raters in (["a"] * 30, ["a", "b"] * 15):
        rated = mean_interval([1.0] * 30, range(30), raters, bounds=(0.0, 10.0))
        assert (rated.low, rated.high) == pytest.approx((1 - unseen, 1 + 9 * unseen))
        assert rated.raters == len(set(raters))


def test_values_without_bounds_that_agree_have_no_interval():
    length = mean_interval([1.0] * 30, range(30))
    assert length.value == 1.0 and math.isnan(length.low) and math.isnan(length.high)


def test_a_single_group_has_no_interval():
    alone = mean_interval([0.2, 0.4], ["g", "g"], bounds=SHARE)
    assert alone.value == pytest.approx(0.3) and math.isnan(alone.low) and math.isnan(alone.high)


def test_few_raters_widen_what_many_questions_narrow():
    random = np.random.default_rng(0)
    scores = random.normal(7, 1, (40, 1)) + np.array([[-0.8, 0.8]]) + random.normal(0, 0.3, (40, 2))
    groups, raters = np.repeat(range(40), 2).tolist(), ["a", "b"] * 40
    two = mean_interval(scores.ravel().tolist(), groups, raters, bounds=(0.0, 10.0))
    one = mean_interval(scores[:, 0].tolist(), range(40), ["a"] * 40, bounds=(0.0, 10.0))
    assert two.high - two.low > 5 * (one.high - one.low) and (two.raters, one.raters) == (2, 1)


def test_a_mean_by_weight_is_a_rate():
    bits, characters = [10.0, 30.0, 5.0], [5.0, 10.0, 5.0]
    rate = mean_interval(bits, range(3), weights=characters)
    left_out = np.array([35 / 15, 15 / 10, 40 / 15])
    variance = 2 / 3 * ((left_out - 2.25) ** 2).sum()
    half = stats.t.ppf(0.975, 20**2 / (5**2 + 10**2 + 5**2) - 1) * math.sqrt(variance)
    assert (rate.value, rate.low, rate.high) == pytest.approx((2.25, 2.25 - half, 2.25 + half))


def test_a_statistic_of_sums_that_is_a_mean_has_the_interval_of_the_mean():
    sums = np.column_stack([VALUES, np.ones(60)])
    (ours,) = statistic_intervals(sums, ALONE, lambda s: s[:, :1] / s[:, 1:], bounds=None)
    mean = mean_interval(VALUES, ALONE)
    assert (ours.value, ours.low, ours.high) == pytest.approx((mean.value, mean.low, mean.high))


def test_a_statistic_that_bends_is_close_to_its_bootstrap():
    pairs = RANDOM.gamma(2, 1, (80, 2))
    ratio = lambda s: (s[:, :1] / (s[:, :1] + s[:, 1:])) ** 2  # noqa: E731
    (ours,) = statistic_intervals(pairs, range(80), ratio)
    drawn = pairs[RANDOM.integers(0, 80, (4000, 80))].sum(1)
    low, high = np.quantile(ratio(drawn), [0.025, 0.975])
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=0.02)
