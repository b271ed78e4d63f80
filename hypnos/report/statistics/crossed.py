"""The uncertainty of a mean over groups of questions that were also crossed with seeds, raters or judges.

A value belongs to a question and to a seed. Both are drawn from more of their kind, so that the mean is as uncertain
as the fewer of them say: with two seeds nothing makes the spread between seeds well known, however many questions
there are. Generalised pivots (Weerahandi, JASA 88, 1993; for two random factors Burdick, Borror and Montgomery,
Design and Analysis of Gauge R&R Studies, 2005) carry that into intervals and p values; where one factor has a single
level they are those of Student's t.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

_POINTS = 12
"""Quasi-random points for the pivots, as a power of two: the quantile is good to half a percent."""

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Spread:
    """What is known of a mean's variance.

    Attributes:
        mean: the sum of all values over the sum of all weights.
        variances: equally likely variances of the mean, (points,); of one factor alone, the jackknife's own.
        groups: of questions.
        levels: of the other factor.
    """

    mean: float
    variances: np.ndarray
    groups: int
    levels: int

    def half_width(self, level: float) -> float:
        """Half the width of the interval that covers with this probability; nan with a single group."""
        if self.groups < 2:
            return math.nan
        from scipy.special import erfc, stdtrit

        deviations = np.sqrt(self.variances)
        if self.levels == 1:
            return float(stdtrit(self.groups - 1, (1 + level) / 2) * deviations[0])
        if deviations.max() < _NOTHING:
            return 0.0
        from scipy.optimize import brentq

        positive = np.maximum(deviations, _NOTHING)

        def beyond(width: float) -> float:
            return float(erfc(width / positive / math.sqrt(2)).mean()) - (1 - level)

        upper = float(positive.mean())
        while beyond(upper) > 0:
            upper *= 2
        return float(brentq(beyond, 0.0, upper, xtol=1e-6 * upper))

    def p_value(self) -> float:
        """The two-sided p of a mean of zero; nan where nothing varies."""
        from scipy.special import erfc, stdtr

        deviations = np.sqrt(self.variances)
        if self.groups < 2 or deviations.max() < _NOTHING:
            return math.nan
        if self.levels == 1:
            return float(2 * stdtr(self.groups - 1, -abs(self.mean) / deviations[0]))
        return float(erfc(abs(self.mean) / np.maximum(deviations, _NOTHING) / math.sqrt(2)).mean())


def estimate_spread(sums: np.ndarray, weights: np.ndarray) -> Spread:
    """The mean of crossed values, and how it varies.

    Each factor's share of the variance is that of the jackknife that leaves out one of its levels at a time, so that
    groups may differ in size; what both count twice, the rest of a cell beside its row and column, is taken off once.

    Args:
        sums: (groups, levels) of the values in each cell.
        weights: (groups, levels) of their weights: how many there are, or characters for a rate per character.
    """
    total = float(weights.sum())
    mean = float(sums.sum()) / total if total else math.nan
    groups, levels = sums.shape
    if groups < 2:
        return Spread(mean, np.full(1, math.nan), groups, levels)
    rest = (sums - mean * weights) / total
    by_group = _jackknife(rest.sum(1), weights.sum(1) / total)
    if levels == 1:
        return Spread(mean, np.full(1, by_group), groups, levels)
    by_level = _jackknife(rest.sum(0), weights.sum(0) / total)
    cell = rest - rest.sum(1, keepdims=True) / levels - rest.sum(0, keepdims=True) / groups
    both = float((cell**2).sum()) * groups * levels / ((groups - 1) * (levels - 1))
    pivots = _pivots(groups - 1, levels - 1)
    a, b, ab = by_group * pivots[0], by_level * pivots[1], both * pivots[2]
    return Spread(mean, np.maximum(a + b - ab, np.maximum(a, b)), groups, levels)


def _jackknife(rest: np.ndarray, share: np.ndarray) -> float:
    """The variance of a mean by leaving out one group at a time, from the groups' residuals and shares of weight."""
    count = len(rest)
    return float(((rest / np.maximum(1 - share, _NOTHING)) ** 2).sum()) * (count - 1) / count


@cache
def _pivots(first: int, second: int) -> np.ndarray:
    """(3, points): degrees of freedom over chi-square variates, for two factors and their interaction."""
    from scipy.stats import chi2, qmc

    points = qmc.Sobol(3, seed=0).random_base2(_POINTS)
    return np.array([df / chi2.ppf(points[:, at], df) for at, df in enumerate((first, second, first * second))])
