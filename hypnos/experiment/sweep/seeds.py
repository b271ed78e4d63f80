"""Computes means of arms over seeds with their intervals, and paired tests against the arm of reference."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hypnos.report.statistics.intervals import METHOD as INTERVALS
from hypnos.report.statistics.intervals import Interval, mean_interval
from hypnos.report.statistics.paired_tests import NOT_TESTABLE, TESTS, Comparison, compare

SeedValues = Mapping[str, Sequence[float]]
"""By seed, a value for each unit (a record or a question), always in the same order."""

METHOD = (
    f"Means over seeds and records; intervals and p speak of other seeds as well as of other records where there are "
    f"several of both ({INTERVALS}). With one seed they say nothing about others. {TESTS}. Holm's correction over the "
    "tests of each measure."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmComparison:
    """An arm against the reference: `comparison` is the arm minus the reference; `by_seed` the mean of each seed."""

    label: str
    comparison: Comparison
    by_seed: Mapping[str, float]


def mean_over_seeds(seed_values: SeedValues, groups: Sequence[str], weights: Sequence[float] | None = None) -> Interval:
    """The sum of all values over the sum of their weights, and its interval over groups and seeds.

    Args:
        seed_values: values of each unit.
        groups: of the units.
        weights: of the units, such as characters of a record, 1 where there are none: the mean is per weight.
    """
    columns, levels = _flat(seed_values)
    count = len(seed_values)
    interval = mean_interval(columns, [*groups] * count, levels, weights=[*weights] * count if weights else None)
    return replace(interval, n=len(groups))


def compare_with_reference(
    reference: SeedValues,
    others: Mapping[str, SeedValues],
    groups: Sequence[str],
    weights: Sequence[float] | None = None,
) -> list[ArmComparison]:
    """Compare each arm with the reference on the seeds that both have.

    Arms of several seeds that share none differ by their seeds in a way that cannot be told from what they are: there
    is a difference of means, and no interval and no test.

    Args:
        reference: values of the arm of reference.
        others: of the other arms, by label.
        groups: of the units.
        weights: see `mean_over_seeds`.
    """
    comparisons = []
    for label, values in others.items():
        shared = [seed for seed in values if seed in reference]
        if groups and not shared and len(values) == len(reference) == 1:
            comparison = _compare(values, reference, groups, weights)
            by_seed = {"all": comparison.difference}
        elif not shared or not groups:
            apart = mean_over_seeds(values, groups, weights).value - mean_over_seeds(reference, groups, weights).value
            sizes = len(groups), len(set(groups))
            comparison = Comparison(apart, math.nan, math.nan, math.nan, *sizes, untested=NOT_TESTABLE)
            by_seed = {"all": apart}
        else:
            paired = [{seed: table[seed] for seed in shared} for table in (values, reference)]
            comparison = _compare(paired[0], paired[1], groups, weights)
            by_seed = {seed: _mean_difference(values[seed], reference[seed], weights) for seed in shared}
        comparisons.append(ArmComparison(label=label, comparison=comparison, by_seed=by_seed))
    return comparisons


def _compare(
    arm: SeedValues, reference: SeedValues, groups: Sequence[str], weights: Sequence[float] | None
) -> Comparison:
    """Seed by seed, in the order in which both arms have them."""
    first, levels = _flat(arm)
    second, _ = _flat(reference)
    count = len(arm)
    test = compare(first, second, [*groups] * count, levels, weights=[*weights] * count if weights else None)
    return replace(test, n=len(groups))


def _flat(seed_values: SeedValues) -> tuple[list[float], list[str]]:
    """All values, one seed after another, and the seed of each."""
    values = [value for column in seed_values.values() for value in column]
    return values, [seed for seed, column in seed_values.items() for _ in column]


def _mean_difference(first: Sequence[float], second: Sequence[float], weights: Sequence[float] | None) -> float:
    total = sum(weights) if weights else len(first)
    return (sum(first) - sum(second)) / total
