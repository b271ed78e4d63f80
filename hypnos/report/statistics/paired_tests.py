"""Tests whether two models differ on the same questions: permutation test, bootstrap, and Holm's correction."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hypnos.report.statistics.intervals import LEVEL, RESAMPLES, Bounds, mean_intervals
from hypnos.report.statistics.resampling import (
    Values,
    columns_by_rows,
    flip_at_random,
    flip_every_way,
    number_groups,
    resample_sums,
    sum_groups,
    value_table,
)

EXACT_GROUPS = 14
"""Up to so many groups that differ, every swap is tried (2 ** 14 of them), so that p is exact."""

_ROUNDING = 1e-9
"""A swapped sum this little below the observed one counts as equally extreme: they were added in another order."""

_ZERO = 1e-12
"""A resampled difference this near to zero counts as zero, on both sides."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same questions.

    Attributes:
        difference: mean of first minus second.
        low: lower end of its interval.
        high: upper end.
        p: of the paired permutation test.
        p_bootstrap: of the paired bootstrap.
        n: questions that both have a value for.
        groups: groups that these come in.
        adjusted: `p` after Holm's correction over all comparisons made together.
    """

    difference: float
    low: float
    high: float
    p: float
    p_bootstrap: float
    n: int
    groups: int
    adjusted: float = math.nan


def compare_many(
    pairs: Sequence[tuple[Values, Values]],
    groups: Sequence[Hashable],
    *,
    bounds: Sequence[Bounds | None] = (),
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Comparison]:
    """Compare pairs of models question by question; p is corrected for all of the pairs given together.

    The permutation test swaps the two models within whole groups; where at most 14 groups differ every swap is
    tried, so that p is exact. The bootstrap's p is twice the smaller share of resampled differences beyond zero.
    Questions that one of the two has no value for are left out.

    Args:
        pairs: values of the first and of the second model, one a question.
        groups: of the questions.
        bounds: of each pair's values.
        level: share of intervals that shall cover.
        resamples: how often groups are drawn, and swapped where not every swap is tried.
        seed: of the draws and of the swaps.
    """
    differences = [_subtract(first, second) for first, second in pairs]
    difference_bounds = [limits and (limits[0] - limits[1], limits[1] - limits[0]) for limits in bounds]
    intervals = mean_intervals(
        differences, groups, bounds=difference_bounds, level=level, resamples=resamples, seed=seed
    )
    comparisons: dict[int, Comparison] = {}
    table = value_table(differences, len(groups))
    for present, numbers in columns_by_rows(table):
        group_of_row, group_count = number_groups([group for group, kept in zip(groups, present) if kept])
        if not group_count:
            nothing = Comparison(math.nan, math.nan, math.nan, math.nan, math.nan, 0, 0)
            comparisons.update(dict.fromkeys(numbers, nothing))
            continue
        sums = sum_groups(table[present][:, numbers], group_of_row, group_count)
        observed = np.abs(sums.sum(0)) - _ROUNDING
        as_extreme = sum((np.abs(block) >= observed).sum(0) for block in flip_at_random(sums, resamples, seed))
        resampled = resample_sums(sums, resamples, seed)
        beyond_zero = np.minimum((resampled <= _ZERO).sum(0), (resampled >= -_ZERO).sum(0))
        for column, number in enumerate(numbers):
            differing = sums[sums[:, column] != 0, column]
            if len(differing) <= EXACT_GROUPS:
                p = float((np.abs(flip_every_way(differing)) >= observed[column]).mean())
            else:
                p = (int(as_extreme[column]) + 1) / (resamples + 1)
            comparisons[number] = Comparison(
                intervals[number].value,
                intervals[number].low,
                intervals[number].high,
                p=p,
                p_bootstrap=min(1.0, 2 * (int(beyond_zero[column]) + 1) / (resamples + 1)),
                n=intervals[number].n,
                groups=group_count,
            )
    adjusted = holm([comparisons[number].p for number in range(len(pairs))])
    return [replace(comparisons[number], adjusted=p) for number, p in enumerate(adjusted)]


def compare(
    first: Values, second: Values, groups: Sequence[Hashable], *, bounds: Bounds | None = None, **options: float
) -> Comparison:
    """`compare_many` of one pair."""
    return compare_many([(first, second)], groups, bounds=[bounds], **options)[0]  # type: ignore[arg-type]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979), in the order given; a value that is not a number stays out of the count."""
    ascending = sorted((p, number) for number, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [math.nan] * len(p_values)
    highest = 0.0
    for rank, (p, number) in enumerate(ascending):
        highest = max(highest, min(1.0, (len(ascending) - rank) * p))
        adjusted[number] = highest
    return adjusted


def _subtract(first: Values, second: Values) -> list[float | None]:
    return [None if a is None or b is None else a - b for a, b in zip(first, second, strict=True)]
