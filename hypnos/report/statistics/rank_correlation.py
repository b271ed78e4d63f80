"""Spearman's rank correlation, with its interval over groups of questions."""

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from hypnos.report.statistics.intervals import LEVEL, Interval, number_labels

FEWEST = 6
"""With fewer groups there is no interval: too little is left of them when one is left out."""

PARTS = 100
"""Groups are left out in at most so many parts, each as good as equally large."""

_NEARLY_ONE = 1 - 1e-9


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN where fewer than three units or no spread."""
    both = ~(np.isnan(first) | np.isnan(second))
    left, right = _ranks(first[both]), _ranks(second[both])
    if both.sum() < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return float("nan")
    return float(np.corrcoef(left, right)[0, 1])


def spearman_interval(
    first: NDArray[np.float64], second: NDArray[np.float64], groups: Sequence[Hashable], *, level: float = LEVEL
) -> Interval:
    """The rank correlation and the interval that covers it: Student's t on the jackknife of Fisher's z over groups.

    Args:
        first: (units,).
        second: (units,).
        groups: of each unit, such as the question of an answer: units of a group are not independent.
        level: how often the interval shall cover.

    Returns:
        Without ends where there are few groups, or all units stand in one order.
    """
    from scipy.special import stdtrit

    value = spearman(first, second)
    group_of_unit, count = number_labels(groups)
    none = Interval(value, math.nan, math.nan, len(first), count)
    if count < FEWEST or math.isnan(value) or abs(value) > _NEARLY_ONE:
        return none
    parts = min(count, PARTS)
    part_of_unit = group_of_unit % parts
    without = np.array(
        [spearman(first[kept], second[kept]) for kept in (part_of_unit != part for part in range(parts))]
    )
    if np.isnan(without).any():
        return none
    z = np.arctanh(np.clip(without, -_NEARLY_ONE, _NEARLY_ONE))
    deviation = math.sqrt(((z - z.mean()) ** 2).sum() * (parts - 1) / parts)
    half = float(stdtrit(parts - 1, (1 + level) / 2)) * deviation
    low, high = np.tanh(np.arctanh(value) + np.array([-half, half]))
    return Interval(value, float(low), float(high), len(first), count)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, value_of_rating, counts = np.unique(values, return_inverse=True, return_counts=True)
    last_ranks = np.cumsum(counts)
    return (last_ranks - (counts - 1) / 2)[value_of_rating]
