"""How sure a number is: intervals that resample whole groups, paired tests, and Holm's correction."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from hypnos.report.statistics.resampling import draw, flip, flip_all, numbered, resample, sum_groups

RESAMPLES = 10_000
LEVEL = 0.95
CORPUS_RESAMPLES = 2_000
METHOD = (
    f"percentile bootstrap over groups, {RESAMPLES:,} resamples ({CORPUS_RESAMPLES:,} for values of a whole task), "
    "widened for few groups, seed 0"
)
"""How the intervals are made, as the report says it."""

_EXACT = 14  # up to so many groups that differ, every swap is tried
_EQUAL = 1e-12

Values = Sequence[float | None]

Bounds = tuple[float, float]
"""The least and the greatest that a value can be."""

SHARE: Bounds = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its interval; `n` values in `groups` groups, by `raters` raters (0: nobody rated)."""

    value: float
    low: float
    high: float
    n: int
    groups: int
    raters: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same questions: `difference` is first minus second, with its interval.

    `p` is of the paired permutation test, `p_bootstrap` of the paired bootstrap, `adjusted` is `p` after Holm's
    correction.
    """

    difference: float
    low: float
    high: float
    p: float
    p_bootstrap: float
    n: int
    groups: int
    adjusted: float = math.nan


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
    table = _table(columns, len(groups))
    for there, which in _alike(table):
        values = table[there][:, which]
        at, size = numbered([group for group, kept in zip(groups, there) if kept])
        if size < 2:
            for column, place in enumerate(which):
                mean = float(values[:, column].mean()) if len(values) else math.nan
                intervals[place] = Interval(mean, math.nan, math.nan, len(values), size)
            continue
        sums = sum_groups(np.column_stack([values, np.ones(len(values))]), at, size)
        drawn = resample(sums, resamples, seed)
        tail = tail_share(level, size) if widen else (1 - level) / 2
        ends = np.quantile(drawn[:, :-1] / drawn[:, -1:], [tail, 1 - tail], axis=0)
        for column, place in enumerate(which):
            mean, (low, high) = float(values[:, column].mean()), ends[:, column]
            known = bounds[place] if bounds else None
            if widen and known and high - low < _EQUAL:
                low, high = _all_agree(mean, known, size, level)
            intervals[place] = Interval(mean, float(low), float(high), len(values), size)
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
    """
    (group_at, group_count), (rater_at, rater_count) = numbered(groups), numbered(raters)
    if rater_count < 2 or group_count < 2:
        one = mean_interval(values, groups, bounds=bounds, level=level, resamples=resamples, seed=seed)
        return replace(one, raters=rater_count)
    cells = np.column_stack([np.asarray(values, dtype=float), np.ones(len(values))])
    sums = sum_groups(cells, group_at * rater_count + rater_at, group_count * rater_count)
    totals, counts = sums.T.reshape(2, group_count, rater_count)
    random = np.random.default_rng(seed)
    by_rater = np.concatenate(list(draw(random, resamples, rater_count)))
    means, at = [], 0
    for by_group in draw(random, resamples, group_count):
        chosen = by_rater[at : at + len(by_group)]
        at += len(by_group)
        weight = (by_group @ counts * chosen).sum(1)
        means.append((by_group @ totals * chosen).sum(1)[weight > 0] / weight[weight > 0])
    tail = tail_share(level, group_count)
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    mean = float(totals.sum() / counts.sum())
    if bounds and high - low < _EQUAL:
        low, high = _all_agree(mean, bounds, group_count, level)
    return Interval(mean, float(low), float(high), len(values), group_count, rater_count)


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
    at, size = numbered(groups)
    table = sum_groups(sums, at, size)
    values = statistic(table.sum(0)[None])[0]
    ends = np.full((2, len(values)), math.nan)
    if size > 1:
        tail = tail_share(level, size)
        ends = np.quantile(statistic(resample(table, resamples, seed)), [tail, 1 - tail], axis=0)
    return [Interval(float(v), float(low), float(high), len(sums), size) for v, low, high in zip(values, *ends)]


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
    Questions that one of the two has no value for are left out. `bounds` are those of each pair's values.
    """
    differences = [_difference(first, second) for first, second in pairs]
    apart = [known and (known[0] - known[1], known[1] - known[0]) for known in bounds]
    intervals = mean_intervals(differences, groups, bounds=apart, level=level, resamples=resamples, seed=seed)
    found: dict[int, Comparison] = {}
    table = _table(differences, len(groups))
    for there, which in _alike(table):
        at, size = numbered([group for group, kept in zip(groups, there) if kept])
        if not size:
            nothing = Comparison(math.nan, math.nan, math.nan, math.nan, math.nan, 0, 0)
            found.update(dict.fromkeys(which, nothing))
            continue
        sums = sum_groups(table[there][:, which], at, size)
        seen = np.abs(sums.sum(0)) - 1e-9
        swapped = sum((np.abs(block) >= seen).sum(0) for block in flip(sums, resamples, seed))
        drawn = resample(sums, resamples, seed)
        beyond = np.minimum((drawn <= 1e-12).sum(0), (drawn >= -1e-12).sum(0))
        for column, place in enumerate(which):
            moving = sums[sums[:, column] != 0, column]
            p = float((np.abs(flip_all(moving)) >= seen[column]).mean()) if len(moving) <= _EXACT else None
            found[place] = Comparison(
                intervals[place].value,
                intervals[place].low,
                intervals[place].high,
                p=(int(swapped[column]) + 1) / (resamples + 1) if p is None else p,
                p_bootstrap=min(1.0, 2 * (int(beyond[column]) + 1) / (resamples + 1)),
                n=intervals[place].n,
                groups=size,
            )
    adjusted = holm([found[place].p for place in range(len(pairs))])
    return [replace(found[place], adjusted=p) for place, p in enumerate(adjusted)]


def compare(
    first: Values, second: Values, groups: Sequence[Hashable], *, bounds: Bounds | None = None, **options: float
) -> Comparison:
    """`compare_many` of one pair."""
    return compare_many([(first, second)], groups, bounds=[bounds], **options)[0]  # type: ignore[arg-type]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979), in the order given; a value that is not a number stays out of the count."""
    order = sorted((p, at) for at, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [math.nan] * len(p_values)
    highest = 0.0
    for rank, (p, at) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        adjusted[at] = highest
    return adjusted


def _all_agree(mean: float, bounds: Bounds, groups: int, level: float) -> tuple[float, float]:
    """Ends where every group has the same mean: some share of groups, not drawn, may lie at the ends of the scale."""
    unseen = 1 - ((1 - level) / 2) ** (1 / groups)
    return mean - unseen * (mean - bounds[0]), mean + unseen * (bounds[1] - mean)


def _difference(first: Values, second: Values) -> list[float | None]:
    return [None if a is None or b is None else a - b for a, b in zip(first, second, strict=True)]


def _table(columns: Sequence[Values], rows: int) -> np.ndarray:
    """(rows, columns), nan where there is no value."""
    return np.array(columns, dtype=float).reshape(len(columns), rows).T


def _alike(table: np.ndarray) -> list[tuple[np.ndarray, list[int]]]:
    """Columns that lack the same rows, with the rows they have: those are resampled together."""
    together: dict[bytes, list[int]] = {}
    there = ~np.isnan(table)
    for column in range(table.shape[1]):
        together.setdefault(there[:, column].tobytes(), []).append(column)
    return [(there[:, which[0]], which) for which in together.values()]


def tail_share(level: float, groups: int) -> float:
    """The share to cut off at either end, so that few groups give an interval as wide as Student's t does."""
    from scipy.stats import t

    return NormalDist().cdf(math.sqrt(groups / (groups - 1)) * float(t.ppf((1 - level) / 2, groups - 1)))
