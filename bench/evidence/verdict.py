"""Supported, not supported or undecided, from p values against bounds that were written down before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypnos.report.statistics.intervals import Bounds, Interval, statistic_intervals
from hypnos.report.statistics.paired_tests import holm

WRONG = 0.05
"""How often any verdict of one file of settings on one base may be wrong."""

LEAST_P = 1e-6
"""Smaller ones are not told apart."""

AtLevel = Callable[[float], Interval]
"""The effect with the interval that covers at a level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of a claim.

    Attributes:
        name: of the claim in its settings.
        shown: the effect with its 95 % interval.
        p: two-sided, of an effect that is equal to the claim's bound.
        seeds: how many trainings; 0 where nothing was trained.
    """

    name: str
    shown: Interval
    p: float
    seeds: int = 0


def judge_claims(claims: Mapping[str, Any], findings: Sequence[Finding]) -> dict[str, tuple[str, float]]:
    """The verdict about each finding, and its p after Holm's correction over all claims, tried or not.

    Args:
        claims: with `better` and `bound` of each.
        findings: about some of them, on one base.
    """
    not_tried = [1.0] * (len(claims) - len(findings))
    corrected = holm([*(one.p for one in findings), *not_tried])
    verdicts = {}
    for finding, p in zip(findings, corrected, strict=False):
        claim = claims[finding.name]
        as_claimed = (finding.shown.value > float(claim["bound"])) == (claim["better"] == "higher")
        verdict = "undecided" if not p <= WRONG else "supported" if as_claimed else "not supported"
        verdicts[finding.name] = verdict, p
    return verdicts


def find(name: str, claim: Mapping[str, Any], at_level: AtLevel, *, seeds: int = 0) -> Finding:
    """The finding about an effect: p is where the interval that just reaches the bound ceases to cover."""
    return Finding(name=name, shown=at_level(1 - WRONG), p=_p_value(float(claim["bound"]), at_level), seeds=seeds)


def find_statistic(
    name: str,
    claim: Mapping[str, Any],
    sums: np.ndarray,
    groups: Sequence[str],
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    bounds: Bounds | None,
) -> Finding:
    """The finding about a statistic of sums over groups, by its jackknife; see `statistic_intervals`."""
    return find(name, claim, lambda level: statistic_intervals(sums, groups, statistic, bounds=bounds, level=level)[0])


def _p_value(bound: float, at_level: AtLevel) -> float:
    """The p of a test whose acceptance regions are the intervals; 1 where an effect has no interval."""
    from scipy.optimize import brentq

    def beyond(log_p: float) -> float:
        """How far the bound lies outside of the interval; negative inside."""
        one = at_level(1 - float(np.exp(log_p)))
        return max(one.low - bound, bound - one.high)

    widest, narrowest = float(np.log(LEAST_P)), float(np.log(1 - LEAST_P))
    if not beyond(narrowest) > 0:
        return 1.0
    if beyond(widest) > 0:
        return LEAST_P
    return float(np.exp(brentq(beyond, widest, narrowest, xtol=1e-4)))
