"""Computes means, shares and statistics of whole tasks with their intervals; groups of questions are the units."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from hypnos.report.statistics.crossed import Spread, estimate_spread

LEVEL = 0.95
"""How often an interval shall hold the truth."""

METHOD = (
    "Student's t on the jackknife over groups of questions; shares by Clopper and Pearson with the effective number "
    "of questions (Korn and Graubard 1998); where there are several seeds, raters or judges these vary too "
    "(generalised pivots of two crossed factors, mixed with Satterthwaite's approximation where they hardly differ)"
)
"""How the intervals are made, as the report says it."""

_NO_SPREAD = 1e-12
"""A narrower interval has no width: all groups have the same mean."""

Values = Sequence[float | None]

Bounds = tuple[float, float]
"""The least and the greatest that a value can be."""

SHARE: Bounds = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its interval.

    Attributes:
        value: the mean, or the statistic.
        low: lower end; nan where there is no interval.
        high: upper end.
        n: number of values.
        groups: groups of questions they come in.
        raters: raters, judges or seeds they are crossed with; 0 where there are none.
    """

    value: float
    low: float
    high: float
    n: int
    groups: int
    raters: int = 0


def mean_interval(
    values: Values,
    groups: Sequence[Hashable],
    levels: Sequence[Hashable] | None = None,
    *,
    weights: Sequence[float] | None = None,
    bounds: Bounds | None = None,
    level: float = LEVEL,
) -> Interval:
    """The mean of values and the interval that covers it.

    Questions of one passage are not independent: a group counts as one. Where all groups agree nothing varies, and
    yet some group not seen may disagree. Clopper and Pearson bound the share of such groups, and `bounds` how far off
    they are: of right and wrong answers this is their interval itself, counting groups.

    Args:
        values: one a question, or a question and a level; None is left out, and `n` says so.
        groups: of each value.
        levels: seed, rater or judge of each value, which vary too; with one of them the interval says nothing of
            others.
        weights: of each value: the mean is the sum of the values over the sum of the weights. 1 by default.
        bounds: of the values; the interval of a share stays within them.
        level: how often the interval shall cover.
    """
    kept = [at for at, value in enumerate(values) if value is not None]
    raters = 0 if levels is None else len({levels[at] for at in kept})
    if not kept:
        return Interval(math.nan, math.nan, math.nan, 0, 0, raters)
    column = np.array([values[at] for at in kept], dtype=float)
    weight = np.ones(len(kept)) if weights is None else np.array([weights[at] for at in kept], dtype=float)
    sums, totals = cross(column, weight, [groups[at] for at in kept], levels and [levels[at] for at in kept])
    right_or_wrong = bounds is not None and bool(np.isin(column, bounds).all())
    answers = len(kept) if right_or_wrong and weights is None else None
    low, high = find_ends(estimate_spread(sums, totals), bounds=bounds, level=level, answers=answers)
    return Interval(float(column.sum() / weight.sum()), low, high, len(kept), len(sums), raters)


def statistic_intervals(
    sums: np.ndarray,
    groups: Sequence[Hashable],
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    bounds: Bounds | None = SHARE,
    level: float = LEVEL,
) -> list[Interval]:
    """Intervals of what is computed from sums over all questions, such as BLEU of a whole task from its counts.

    Args:
        sums: (n, k), what each question adds.
        groups: (n,).
        statistic: from (b, k) sums to (b, m) values.
        bounds: of the statistic.
        level: how often an interval shall cover.

    Returns:
        m of them.
    """
    group_of_row, size = number_labels(groups)
    table = np.zeros((size, sums.shape[1]))
    np.add.at(table, group_of_row, sums)
    whole = table.sum(0)
    values = statistic(whole[None])[0]
    variances = np.full(len(values), math.nan)
    if size > 1:
        without_one = statistic(whole - table)
        variances = ((without_one - without_one.mean(0)) ** 2).sum(0) * (size - 1) / size
    intervals = []
    for value, variance in zip(values, variances, strict=True):
        spread = Spread(mean=float(value), groups=size, levels=1, variance=float(variance), freedom=size - 1)
        low, high = find_ends(spread, bounds=bounds, level=level)
        intervals.append(Interval(float(value), low, high, len(sums), size))
    return intervals


def cross(
    values: np.ndarray, weights: np.ndarray, groups: Sequence[Hashable], levels: Sequence[Hashable] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of values and of weights by group and level: two arrays (groups, levels)."""
    group_of_row, group_count = number_labels(groups)
    level_of_row, level_count = number_labels(levels) if levels else (np.zeros(len(values), dtype=np.int64), 1)
    cell, cells = group_of_row * level_count + level_of_row, group_count * level_count
    sums, totals = (np.bincount(cell, weights=part, minlength=cells) for part in (values, weights))
    return sums.reshape(group_count, level_count), totals.reshape(group_count, level_count)


def number_labels(labels: Sequence[Hashable]) -> tuple[np.ndarray, int]:
    """Numbers labels from 0 in the order they come: one number a row, and how many labels there are."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return np.fromiter(map(numbers.__getitem__, labels), dtype=np.int64, count=len(labels)), len(numbers)


def find_ends(
    spread: Spread, *, bounds: Bounds | None, level: float, answers: int | None = None
) -> tuple[float, float]:
    """The ends of an interval.

    Args:
        spread: the mean and how it varies.
        bounds: of the values.
        level: how often the interval shall cover.
        answers: how many right and wrong answers a share is of: it rests on no more independent ones, and on exactly
            so many where each is a group of its own.
    """
    half = spread.half_width(level)
    if bounds is None:  # where all groups agree, and values may lie anywhere, nothing is known of the others
        half = math.nan if half < _NO_SPREAD else half
    if bounds is None or math.isnan(half):
        return spread.mean - half, spread.mean + half
    low, high = bounds
    scale = high - low
    share, width = (spread.mean - low) / scale, half / scale
    if width < _NO_SPREAD or not _NO_SPREAD < share < 1 - _NO_SPREAD:
        unseen = 1 - ((1 - level) / 2) ** (1 / spread.groups)
        return spread.mean - unseen * (spread.mean - low), spread.mean + unseen * (high - spread.mean)
    if low < 0 < high:  # a difference lies around zero, far from its bounds
        return max(low, spread.mean - half), min(high, spread.mean + half)
    from scipy.special import betaincinv, ndtri

    size = share * (1 - share) * (float(ndtri((1 + level) / 2)) / width) ** 2
    if answers:
        size = answers if answers == spread.groups * spread.levels and spread.levels == 1 else min(size, answers)
    count, tail = size * share, (1 - level) / 2
    least, greatest = betaincinv(count, size - count + 1, tail), betaincinv(count + 1, size - count, 1 - tail)
    return low + scale * float(least), low + scale * float(greatest)
