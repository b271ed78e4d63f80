"""Computes means with 95 % intervals, by a bootstrap that draws whole groups of values.

mean_intervals        a value a question
rated_interval        ratings of several people: raters are drawn as well
crossed_interval      units measured under every seed: seeds are drawn as well
statistic_intervals   what is computed from sums over all questions
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from hypnos.report.statistics.resampling import (
    Values,
    columns_by_rows,
    draw_groups,
    number_groups,
    resample_sums,
    sum_groups,
    value_table,
)

RESAMPLES = 10_000
"""Resamples of a mean, and permutations of a test."""

CORPUS_RESAMPLES = 2_000
"""Resamples of a value of a whole task, such as BLEU from counts, which is computed anew for each."""

LEVEL = 0.95
"""Share of intervals that shall cover the truth."""

METHOD = (
    f"percentile bootstrap over groups, {RESAMPLES:,} resamples ({CORPUS_RESAMPLES:,} for values of a whole task), "
    "widened for few groups, seed 0"
)
"""How the intervals are made, as the report says it."""

Bounds = tuple[float, float]
"""The least and the greatest that a value can be."""

SHARE: Bounds = (0.0, 1.0)
"""Bounds of a value that is right or wrong, or a share."""

_NO_SPREAD = 1e-12
"""Percentiles that lie closer than this are equal: no resample moved the mean."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its interval.

    Attributes:
        value: the mean.
        low: lower end; NaN where there are fewer than two groups to draw from.
        high: upper end.
        n: values that the mean is of.
        groups: groups that they come in, each drawn as a whole.
        raters: people who gave the values, or seeds of an arm; 0 where neither was drawn.
    """

    value: float
    low: float
    high: float
    n: int
    groups: int
    raters: int = 0


def mean_intervals(
    columns: Sequence[Values],
    groups: Sequence[Hashable],
    *,
    bounds: Sequence[Bounds | None] = (),
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    widen: bool = True,
    seed: int = 0,
) -> list[Interval]:
    """The mean of each column and its bootstrap interval by percentiles, with whole groups resampled.

    Questions of one passage are not independent, so a group is drawn with all its questions. A percentile
    interval is too narrow for few groups; `widen` takes percentiles further out, as Student's t would
    (Hesterberg, The American Statistician 69, 2015). Where all groups agree there is nothing to resample, and yet
    some group not drawn may disagree. Clopper and Pearson bound the share of such groups, and `bounds` how far off
    they are: of right and wrong answers this is the interval of Clopper and Pearson itself, counting groups.

    Args:
        columns: one value a question; None is left out, and `n` says so.
        groups: of the questions.
        bounds: of each column's values; None, or none at all, where there are none.
        level: share of intervals that shall cover.
        resamples: how often groups are drawn.
        widen: False: plain percentiles.
        seed: of the draws.
    """
    intervals: list[Interval | None] = [None] * len(columns)
    table = value_table(columns, len(groups))
    for present, numbers in columns_by_rows(table):
        values = table[present][:, numbers]
        group_of_row, group_count = number_groups([group for group, kept in zip(groups, present) if kept])
        if group_count < 2:
            for column, number in enumerate(numbers):
                mean = float(values[:, column].mean()) if len(values) else math.nan
                intervals[number] = Interval(mean, math.nan, math.nan, len(values), group_count)
            continue
        # The last column counts questions: a resample's mean is its sum over its own number of questions.
        sums = sum_groups(np.column_stack([values, np.ones(len(values))]), group_of_row, group_count)
        resampled = resample_sums(sums, resamples, seed)
        tail = tail_share(level, group_count) if widen else (1 - level) / 2
        ends = np.quantile(resampled[:, :-1] / resampled[:, -1:], [tail, 1 - tail], axis=0)
        for column, number in enumerate(numbers):
            mean, (low, high) = float(values[:, column].mean()), ends[:, column]
            limits = bounds[number] if bounds else None
            if widen and limits and high - low < _NO_SPREAD:
                low, high = _ends_where_all_agree(mean, limits, group_count, level)
            intervals[number] = Interval(mean, float(low), float(high), len(values), group_count)
    return [interval for interval in intervals if interval is not None]


def mean_interval(
    values: Values, groups: Sequence[Hashable], *, bounds: Bounds | None = None, **options: float
) -> Interval:
    """`mean_intervals` of one column."""
    return mean_intervals([values], groups, bounds=[bounds], **options)[0]  # type: ignore[arg-type]


def rated_interval(
    values: Sequence[float],
    groups: Sequence[Hashable],
    raters: Sequence[Hashable],
    *,
    bounds: Bounds | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The mean of ratings and its interval, with groups of questions and raters resampled independently.

    The pigeonhole bootstrap (Owen, Annals of Applied Statistics 1, 2007), which errs towards wide intervals.
    With a single rater only the groups are resampled: the interval then says nothing about other raters.

    Args:
        values: (ratings,).
        groups: of the question of each rating.
        raters: who gave each rating.
        bounds: of the scale.
        level: share of intervals that shall cover.
        resamples: how often groups and raters are drawn.
        seed: of the draws.
    """
    (group_of_row, group_count), (rater_of_row, rater_count) = number_groups(groups), number_groups(raters)
    if rater_count < 2 or group_count < 2:
        interval = mean_interval(values, groups, bounds=bounds, level=level, resamples=resamples, seed=seed)
        return replace(interval, raters=rater_count)
    cells = np.column_stack([np.asarray(values, dtype=float), np.ones(len(values))])
    sums = sum_groups(cells, group_of_row * rater_count + rater_of_row, group_count * rater_count)
    totals, counts = sums.T.reshape(2, group_count, rater_count)
    random = np.random.default_rng(seed)
    rater_draws = np.concatenate(list(draw_groups(random, resamples, rater_count)))
    means, start = [], 0
    for group_draws in draw_groups(random, resamples, group_count):
        block = rater_draws[start : start + len(group_draws)]
        start += len(group_draws)
        weight = (group_draws @ counts * block).sum(1)  # ratings in each resample; none where draws do not meet
        means.append((group_draws @ totals * block).sum(1)[weight > 0] / weight[weight > 0])
    tail = tail_share(level, group_count)
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    mean = float(totals.sum() / counts.sum())
    if bounds and high - low < _NO_SPREAD:
        low, high = _ends_where_all_agree(mean, bounds, group_count, level)
    return Interval(mean, float(low), float(high), len(values), group_count, rater_count)


def crossed_interval(
    values: np.ndarray, groups: Sequence[Hashable], weights: Sequence[float] | None = None
) -> Interval:
    """The mean of units measured under every seed and its interval, with groups and seeds resampled independently.

    The pigeonhole bootstrap, as in `rated_interval`; here every unit has a value under every seed, and the mean is
    the sum of all values over the sum of their weights.

    Args:
        values: (units, seeds).
        groups: of the units; drawn whole.
        weights: of the units, such as characters of a record, 1 where there are none. They are drawn with their
            values, so that a measure per character does not depend on how long the drawn records are.
    """
    unit_weights = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    group_of_row, group_count = number_groups(groups)
    mean = float(values.mean(1).sum() / unit_weights.sum()) if len(values) else math.nan
    seed_count = values.shape[1]
    interval = Interval(mean, math.nan, math.nan, len(values), group_count, raters=seed_count)
    if group_count < 2:
        return interval
    sums = sum_groups(np.column_stack([values, unit_weights]), group_of_row, group_count)
    random = np.random.default_rng(0)
    seed_shares = np.concatenate(list(draw_groups(random, RESAMPLES, seed_count))) / seed_count
    means, start = [], 0
    for group_draws in draw_groups(random, RESAMPLES, group_count):
        resampled = group_draws @ sums
        block = seed_shares[start : start + len(group_draws)]
        start += len(group_draws)
        means.append((resampled[:, :-1] * block).sum(1) / resampled[:, -1])
    tail = tail_share(LEVEL, group_count)
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return replace(interval, low=float(low), high=float(high))


def statistic_intervals(
    sums: np.ndarray,
    groups: Sequence[Hashable],
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    level: float = LEVEL,
    resamples: int = CORPUS_RESAMPLES,
    seed: int = 0,
) -> list[Interval]:
    """Intervals of what is computed from sums over all questions, such as BLEU of a whole task from its counts.

    Args:
        sums: (n, k), what each question adds.
        groups: (n,).
        statistic: from (b, k) sums to (b, m) values.
        level: share of intervals that shall cover.
        resamples: how often groups are drawn.
        seed: of the draws.

    Returns:
        m of them.
    """
    group_of_row, group_count = number_groups(groups)
    group_sums = sum_groups(sums, group_of_row, group_count)
    values = statistic(group_sums.sum(0)[None])[0]
    ends = np.full((2, len(values)), math.nan)
    if group_count > 1:
        tail = tail_share(level, group_count)
        ends = np.quantile(statistic(resample_sums(group_sums, resamples, seed)), [tail, 1 - tail], axis=0)
    return [Interval(float(v), float(low), float(high), len(sums), group_count) for v, low, high in zip(values, *ends)]


def tail_share(level: float, groups: int) -> float:
    """The share to cut off at either end, so that few groups give an interval as wide as Student's t does."""
    from scipy.stats import t

    return NormalDist().cdf(math.sqrt(groups / (groups - 1)) * float(t.ppf((1 - level) / 2, groups - 1)))


def _ends_where_all_agree(mean: float, bounds: Bounds, groups: int, level: float) -> tuple[float, float]:
    """Ends where every group has the same mean: some share of groups, not drawn, may lie at the ends of the scale."""
    unseen = 1 - ((1 - level) / 2) ** (1 / groups)
    return mean - unseen * (mean - bounds[0]), mean + unseen * (bounds[1] - mean)
