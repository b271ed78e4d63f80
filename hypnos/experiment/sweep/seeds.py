"""Computes means of arms over seeds with their intervals, and paired tests against the arm of reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hypnos.report.statistics.intervals import Interval, crossed_interval
from hypnos.report.statistics.paired_tests import Comparison, compare_many

SeedValues = Mapping[str, Sequence[float]]
"""By seed, a value for each unit (a record or a question), always in the same order."""

METHOD = (
    "Means over seeds and records. Intervals draw groups of records and seeds independently (pigeonhole bootstrap; "
    "with one seed, groups alone: such an interval says nothing about other seeds). p: paired permutation test over "
    "groups, on the mean over seeds, with Holm's correction over the table."
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
        groups: of the units; drawn whole.
        weights: see `crossed_interval`.
    """
    return crossed_interval(np.array(list(seed_values.values()), dtype=float).T, groups, weights)


def compare_with_reference(
    reference: SeedValues,
    others: Mapping[str, SeedValues],
    groups: Sequence[str],
    weights: Sequence[float] | None = None,
) -> list[ArmComparison]:
    """Compare each arm with the reference, on the seeds both have; where they share none, on their means.

    The interval is that of the differences over groups and seeds, the test that of the seeds' means.

    Args:
        reference: values of the arm of reference.
        others: of the other arms, by label.
        groups: of the units; drawn and swapped whole.
        weights: see `mean_over_seeds`.
    """
    pairs, differences = [], []
    for values in others.values():
        shared = [seed for seed in values if seed in reference]
        arm_mean = _mean_of_seeds({seed: values[seed] for seed in shared} if shared else values)
        reference_mean = _mean_of_seeds({seed: reference[seed] for seed in shared} if shared else reference)
        pairs.append((arm_mean, reference_mean))
        by_seed = {seed: _subtract(values[seed], reference[seed]) for seed in shared}
        differences.append(by_seed or {"all": _subtract(arm_mean, reference_mean)})
    comparisons = []
    for label, test, by_seed in zip(others, compare_many(pairs, list(groups)), differences, strict=True):
        interval = mean_over_seeds(by_seed, groups, weights)
        comparisons.append(
            ArmComparison(
                label=label,
                comparison=replace(test, low=interval.low, high=interval.high),
                by_seed={seed: sum(values) / len(values) for seed, values in by_seed.items()},
            )
        )
    return comparisons


def _mean_of_seeds(seed_values: SeedValues) -> list[float]:
    return [sum(values) / len(values) for values in zip(*seed_values.values(), strict=True)]


def _subtract(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(first, second, strict=True)]
