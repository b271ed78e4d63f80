"""Supported, not supported or undecided, from an interval and a bound that was written down before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypnos.report.statistics.intervals import Bounds, Interval, statistic_intervals

WRONG = 0.05
"""How often all verdicts of one file of settings together may be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of a claim.

    Attributes:
        name: of the claim in its settings.
        shown: the effect with its 95 % interval.
        deciding: the effect with the wider interval that the verdict rests on.
        seeds: how many trainings; 0 where nothing was trained.
        units: what the interval is over.
    """

    name: str
    shown: Interval
    deciding: Interval
    seeds: int = 0
    units: str = "questions"

    def verdict(self, claim: Mapping[str, Any]) -> str:
        """The verdict under a claim's `better` and `bound`."""
        low, high, bound = self.deciding.low, self.deciding.high, float(claim["bound"])
        above, below = low > bound, high < bound
        if claim["better"] == "lower":
            above, below = below, above
        return "supported" if above else "not supported" if below else "undecided"


def deciding_level(claims: Mapping[str, Any]) -> float:
    """How often the interval of one verdict shall cover, so that all verdicts together hold (Bonferroni)."""
    return 1 - WRONG / len(claims)


def find(
    name: str,
    claims: Mapping[str, Any],
    sums: np.ndarray,
    groups: Sequence[str],
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    bounds: Bounds | None,
) -> Finding:
    """The finding about a statistic of sums over groups, by its jackknife; see `statistic_intervals`."""
    levels = (0.95, deciding_level(claims))
    shown, deciding = (statistic_intervals(sums, groups, statistic, bounds=bounds, level=level)[0] for level in levels)
    return Finding(name=name, shown=shown, deciding=deciding)
