"""Intervals, tests and Holm's correction against scipy and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from hypnos.report.statistics.intervals import (
    SHARE,
    crossed_interval,
    mean_interval,
    mean_intervals,
    rated_interval,
    statistic_intervals,
)
from hypnos.report.statistics.paired_tests import compare

RANDOM = np.random.default_rng(3)
VALUES = RANDOM.beta(2, 3, 60).tolist()
ALONE = list(range(60))


def test_percentiles_are_those_of_scipy() -> None:
    ours = mean_interval(VALUES, ALONE, widen=False)
    theirs = stats.bootstrap((VALUES,), np.mean, n_resamples=20_000, method="percentile", rng=0).confidence_interval
    assert ours.value == pytest.approx(np.mean(VALUES))
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_few_groups_give_an_interval_as_wide_as_students_t() -> None:
    values = np.random.default_rng(0).normal(5, 1, 12)
    ours = mean_interval(values.tolist(), range(12))
    low, high = stats.t.interval(0.95, 11, np.mean(values), stats.sem(values))
    assert ours.high - ours.low == pytest.approx(high - low, rel=0.06)
    plain = mean_interval(values.tolist(), range(12), widen=False)
    assert plain.high - plain.low < 0.93 * (ours.high - ours.low)


def test_a_group_is_drawn_as_a_whole() -> None:
    once = mean_interval(VALUES, ALONE)
    thrice = mean_interval([value for value in VALUES for _ in range(3)], [group for group in ALONE for _ in range(3)])
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))
    assert (thrice.n, thrice.groups) == (180, 60)
    apart = mean_interval([value for value in VALUES for _ in range(3)], range(180))
    assert apart.high - apart.low < 0.7 * (once.high - once.low)


def test_what_is_missing_is_left_out_and_counted() -> None:
    some = [None if at % 4 == 0 else value for at, value in enumerate(VALUES)]
    kept = [value for value in some if value is not None]
    both = mean_intervals([some, VALUES], ALONE)
    assert both[0].value == pytest.approx(np.mean(kept)) and (both[0].n, both[0].groups) == (45, 45)
    assert both[1] == mean_interval(VALUES, ALONE)


@pytest.mark.parametrize("right", [0, 30])
def test_all_right_or_all_wrong_has_the_interval_of_clopper_and_pearson(right: int) -> None:
    ours = mean_interval([1.0 if right else 0.0] * 30, range(30), bounds=SHARE)
    theirs = stats.binomtest(right, 30).proportion_ci(method="exact")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_groups_that_agree_leave_room_on_both_sides_as_far_as_values_go() -> None:
    unseen = 1 - 0.025 ** (1 / 30)
    whole = mean_interval([0.0, 1.0] * 30, [at // 2 for at in range(60)], bounds=SHARE)
    assert (whole.low, whole.high) == pytest.approx((0.5 - unseen / 2, 0.5 + unseen / 2))
    alike = compare([1.0, 0.0] * 15, [1.0, 0.0] * 15, range(30), bounds=SHARE)
    assert (alike.low, alike.high) == pytest.approx((-unseen, unseen))
    always = compare([1.0] * 30, [0.0] * 30, range(30), bounds=SHARE)
    assert (always.low, always.high) == pytest.approx((1 - 2 * unseen, 1.0))
    for raters in (["a"] * 30, ["a", "b"] * 15):
        rated = rated_interval([1.0] * 30, range(30), raters, bounds=(0.0, 10.0))
        assert (rated.low, rated.high) == pytest.approx((1 - unseen, 1 + 9 * unseen))


def test_a_value_without_bounds_is_not_taken_for_a_share() -> None:
    length = mean_interval([1.0] * 30, range(30))
    assert (length.value, length.low, length.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(("values", "groups", "n"), [([], [], 0), ([None], ["a"], 0), ([0.5, 0.7], ["a", "a"], 2)])
def test_without_two_groups_there_is_no_interval(values, groups, n) -> None:
    found = mean_interval(values, groups)
    assert found.n == n and math.isnan(found.low) and math.isnan(found.high)


def test_values_from_sums_are_resampled_like_means() -> None:
    sums = np.column_stack([VALUES, np.ones(60), np.square(VALUES)])
    mean, square = statistic_intervals(sums, ALONE, lambda s: s[:, ::2] / s[:, 1:2], resamples=10_000)
    assert (mean.low, mean.high) == pytest.approx((mean_interval(VALUES, ALONE).low, mean_interval(VALUES, ALONE).high))
    assert square.value == pytest.approx(np.mean(np.square(VALUES)))


def test_raters_are_resampled_too() -> None:
    random = np.random.default_rng(1)
    mild = {"mild": 1.5, "fair": 0.0, "strict": -1.5, "calm": 0.2}
    rows = [(at, rater, 6 + shift + random.normal(0, 0.5)) for at in range(40) for rater, shift in mild.items()]
    items, raters, values = zip(*rows)
    both = rated_interval(values, items, raters)
    alone = mean_interval(values, items)
    assert (both.n, both.groups, both.raters) == (160, 40, 4)
    assert both.value == pytest.approx(alone.value)
    assert both.high - both.low > 4 * (alone.high - alone.low)
    one = rated_interval(values, items, ["fair"] * len(values))
    assert (one.low, one.high, one.raters) == (alone.low, alone.high, 1)


def test_what_is_measured_under_every_seed_is_drawn_by_seeds_too() -> None:
    still = crossed_interval(np.full((6, 2), 5.0), range(6))
    moving = crossed_interval(np.tile([4.0, 6.0], (6, 1)), range(6))
    assert (still.value, still.low, still.high) == (5.0, 5.0, 5.0)
    assert (moving.value, moving.low, moving.high) == (5.0, 4.0, 6.0)
    assert (moving.n, moving.groups, moving.raters) == (6, 6, 2)
    weighted = crossed_interval(np.array([[2.0], [8.0]]), ["a", "b"], weights=[1.0, 4.0])
    assert (weighted.value, weighted.low, weighted.high) == (2.0, 2.0, 2.0)


def test_the_same_seed_gives_the_same_numbers_and_another_one_does_not() -> None:
    assert mean_interval(VALUES, ALONE) == mean_interval(VALUES, ALONE)
    assert mean_interval(VALUES, ALONE, seed=1) != mean_interval(VALUES, ALONE)


@pytest.mark.slow
@pytest.mark.parametrize("groups", [25, 60])
def test_intervals_cover_the_truth_19_times_of_20(groups: int) -> None:
    random = np.random.default_rng(groups)
    covered, runs = 0, 1500
    for run in range(runs):
        sizes = random.integers(1, 4, groups)
        shares = np.repeat(random.beta(3, 2, groups), sizes)
        values = (random.random(len(shares)) < shares).astype(float)
        found = mean_interval(
            values.tolist(), np.repeat(np.arange(groups), sizes).tolist(), bounds=SHARE, resamples=1000, seed=run
        )
        covered += found.low <= 0.6 <= found.high
    assert 0.935 <= covered / runs <= 0.965
