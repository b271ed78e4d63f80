"""The spread of a mean over groups and seeds: against Student's t, and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from hypnos.report.statistics.crossed import estimate_spread


def table(random, groups: int, levels: int, *, of_level: float, of_cell: float = 1.0) -> np.ndarray:
    """Values of equal truth 0: each group, each level and each cell adds its own."""
    rows, columns = random.standard_normal((groups, 1)), of_level * random.standard_normal((1, levels))
    return rows + columns + of_cell * random.standard_normal((groups, levels))


def test_one_level_is_students_t():
    values = np.random.default_rng(0).normal(5, 2, 12)
    spread = estimate_spread(values[:, None], np.ones((12, 1)))
    low, high = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert spread.mean == pytest.approx(values.mean())
    assert spread.half_width(0.95) == pytest.approx((high - low) / 2)
    assert spread.p_value() == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_groups_of_unequal_size_are_left_out_one_at_a_time():
    sums, weights = np.array([[10.0], [3.0], [8.0]]), np.array([[4.0], [1.0], [2.0]])
    left_out = np.array([11 / 3, 18 / 6, 13 / 5])
    variance = 2 / 3 * ((left_out - 3.0) ** 2).sum()
    spread = estimate_spread(sums, weights)
    assert spread.variance == pytest.approx(variance)
    assert spread.freedom == pytest.approx(7**2 / (4**2 + 1 + 2**2) - 1)  # as of 2.3 groups of one size


def test_seeds_that_agree_leave_the_groups_and_seeds_that_differ_rule_all():
    same = np.repeat(np.random.default_rng(0).standard_normal((50, 1)), 3, axis=1)
    alone, crossed = (estimate_spread(t, np.ones_like(t)) for t in (same[:, :1], same))
    assert crossed.half_width(0.95) == pytest.approx(alone.half_width(0.95), rel=0.02)
    apart = np.array([[-1.0, 1.0]]) + 1e-3 * same[:, :2]
    # Two seeds, and nothing else: Student's t with one degree of freedom, 12.7 standard errors.
    assert estimate_spread(apart, np.ones_like(apart)).half_width(0.95) == pytest.approx(12.706, rel=0.05)


@pytest.mark.parametrize("groups", [5, 40])
@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.parametrize("of_level", [0.0, 0.3, 1.0])
def test_intervals_hold_the_truth_and_p_does_not_cry_wolf(groups, levels, of_level):
    random, runs = np.random.default_rng(groups + levels), 300
    held = alarms = 0
    for _ in range(runs):
        values = table(random, groups, levels, of_level=of_level)
        spread = estimate_spread(values, np.ones_like(values))
        held += abs(spread.mean) <= spread.half_width(0.95)
        alarms += spread.p_value() < 0.05
    assert held / runs >= 0.92 and alarms / runs <= 0.08  # 95 and 5, and what 300 runs leave to chance


def test_interval_and_p_say_the_same():
    random = np.random.default_rng(9)
    for _ in range(50):
        values = table(random, 20, 3, of_level=0.3) + 0.5
        spread = estimate_spread(values, np.ones_like(values))
        assert (spread.p_value() < 0.05) == (abs(spread.mean) > spread.half_width(0.95))


def test_a_single_group_has_no_spread():
    spread = estimate_spread(np.ones((1, 3)), np.ones((1, 3)))
    assert spread.mean == 1 and math.isnan(spread.half_width(0.95)) and math.isnan(spread.p_value())
