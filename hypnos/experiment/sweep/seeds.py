"""Arms over seeds: means with intervals, and paired tests against the arm of reference."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hypnos.report.statistics.intervals_and_tests import (
    LEVEL,
    RESAMPLES,
    Comparison,
    Interval,
    compare_many,
    tail_share,
)
from hypnos.report.statistics.resampling import draw, numbered, sum_groups

Table = Mapping[str, Sequence[float]]
"""By seed, a value for each unit (a record or a question), always in the same order."""

METHOD = (
    "Means over seeds and records. Intervals draw groups of records and seeds independently (pigeonhole bootstrap; "
    "with one seed, groups alone: such an interval says nothing about other seeds). p: paired permutation test over "
    "groups, on the mean over seeds, with Holm's correction over the table."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """An arm against the reference: `comparison` is the arm minus the reference; `by_seed` the mean of each seed."""

    label: str
    comparison: Comparison
    by_seed: Mapping[str, float]


def mean_over_seeds(table: Table, groups: Sequence[str], weights: Sequence[float] | None = None) -> Interval:
    """The sum of all values over the sum of their weights, and its interval over groups and seeds.

    The pigeonhole bootstrap (Owen, Annals of Applied Statistics 1, 2007), which errs towards wide intervals.

    Args:
        table: values of each unit.
        groups: of the units; drawn whole.
        weights: of the units, such as characters of a record, 1 where there are none. They are drawn with their
            values, so that a measure per character does not depend on how long the drawn records are.
    """
    values = np.array(list(table.values()), dtype=float).T
    of_unit = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    at, size = numbered(groups)
    value = float(values.mean(1).sum() / of_unit.sum()) if len(values) else math.nan
    seeds = values.shape[1]
    whole = Interval(value, math.nan, math.nan, len(values), size, raters=seeds)
    if size < 2:
        return whole
    sums = sum_groups(np.column_stack([values, of_unit]), at, size)
    random = np.random.default_rng(0)
    by_seed = np.concatenate(list(draw(random, RESAMPLES, seeds))) / seeds
    means, done = [], 0
    for by_group in draw(random, RESAMPLES, size):
        drawn = by_group @ sums
        chosen = by_seed[done : done + len(by_group)]
        done += len(by_group)
        means.append((drawn[:, :-1] * chosen).sum(1) / drawn[:, -1])
    tail = tail_share(LEVEL, size)
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return replace(whole, low=float(low), high=float(high))


def against(
    reference: Table, others: Mapping[str, Table], groups: Sequence[str], weights: Sequence[float] | None = None
) -> list[Against]:
    """Compare each arm with the reference, on the seeds both have; where they share none, on their means.

    The interval is that of the differences over groups and seeds, the test that of the seeds' means.
    """
    pairs, differences = [], []
    for table in others.values():
        shared = [seed for seed in table if seed in reference]
        first = table if not shared else {seed: table[seed] for seed in shared}
        second = reference if not shared else {seed: reference[seed] for seed in shared}
        one, other = _mean(first), _mean(second)
        pairs.append((one, other))
        apart = {seed: _minus(table[seed], reference[seed]) for seed in shared} or {"all": _minus(one, other)}
        differences.append(apart)
    found = []
    tested = compare_many(pairs, list(groups))
    for label, test, apart in zip(others, tested, differences, strict=True):
        interval = mean_over_seeds(apart, groups, weights)
        whole = replace(test, low=interval.low, high=interval.high)
        found.append(Against(label=label, comparison=whole, by_seed={s: sum(v) / len(v) for s, v in apart.items()}))
    return found


def _mean(table: Table) -> list[float]:
    return [sum(values) / len(values) for values in zip(*table.values(), strict=True)]


def _minus(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(first, second, strict=True)]
