"""The paired permutation test: how often a random swap of two models in whole groups moves them as far apart."""

import math

import numpy as np

ENUMERATED = 20
"""Up to so many groups that differ, every swap is tried."""

LATTICE = 1 << 20
"""Widest distribution of sums that is computed exactly, in units of the values."""

_DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 10, 12)


def permutation_p(sums: np.ndarray) -> float:
    """The two-sided p of the hypothesis that each group's difference could as well have had the other sign.

    Exact where the sums are multiples of one unit, as those of right and wrong answers are, and where few groups
    differ. Elsewhere the tail of the permutation distribution is Lugannani and Rice's saddlepoint approximation
    (Advances in Applied Probability 12, 1980; for this test: Robinson, JRSS B 44, 1982), which reaches p values
    that no affordable number of random swaps could. It draws nothing: a number is the same at every run.

    Args:
        sums: (groups,), the sum of each group's differences.

    Returns:
        nan where no group differs: there is nothing to swap.
    """
    moving = np.abs(sums[np.abs(sums) > 1e-12])
    if not len(moving):
        return math.nan
    seen = abs(float(sums.sum()))
    if seen < 1e-9 * moving.sum():
        return 1.0
    if seen >= moving.sum() * (1 - 1e-9):
        return float(2.0 ** (1 - len(moving)))
    if (steps := _in_units(moving)) is not None:
        return _exact(steps, seen * steps.sum() / moving.sum())
    if len(moving) <= ENUMERATED:
        swapped = np.zeros(1)
        for size in moving:
            swapped = np.concatenate([swapped + size, swapped - size])
        return float((np.abs(swapped) >= seen - 1e-9 * moving.sum()).mean())
    return _saddlepoint(moving, seen)


def _in_units(moving: np.ndarray) -> np.ndarray | None:
    """The sums as whole numbers of some unit; None where there is none, or they would reach too far."""
    for denominator in _DENOMINATORS:
        scaled = moving * denominator
        whole = np.rint(scaled)
        if np.abs(scaled - whole).max() < 1e-6:
            return whole.astype(np.int64) if whole.sum() <= LATTICE else None
    return None


def _exact(steps: np.ndarray, seen: float) -> float:
    """The distribution of all signed sums: steps of one size are binomial, and the sizes are convolved."""
    from scipy.signal import fftconvolve
    from scipy.stats import binom

    pmf = np.ones(1)
    for size, count in zip(*np.unique(steps, return_counts=True), strict=True):
        part = np.zeros(2 * size * count + 1)
        part[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        pmf = part if len(pmf) == 1 else fftconvolve(pmf, part)
    values = np.arange(len(pmf)) - len(pmf) // 2
    return float(min(1.0, max(pmf[np.abs(values) >= seen - 0.5].sum(), 2.0 ** (1 - len(steps)))))


def _saddlepoint(moving: np.ndarray, seen: float) -> float:
    """P(|signed sum| >= seen) by the saddlepoint of its cumulant function, the sum of log cosh(t x)."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    scale = float(np.sqrt((moving**2).sum()))
    parts, at = moving / scale, seen / scale
    if at < 1e-3:
        return 1.0

    def slope(t: float) -> float:
        return float((parts * np.tanh(t * parts)).sum()) - at

    upper = 1.0
    while slope(upper) < 0:
        upper *= 2
    t = brentq(slope, 0.0, upper)
    scaled = t * parts
    cumulant = float((scaled + np.log1p(np.exp(-2 * scaled)) - math.log(2)).sum())
    curvature = float((parts**2 / np.cosh(np.minimum(scaled, 300)) ** 2).sum())
    w, u = math.sqrt(max(2 * (t * at - cumulant), 0.0)), t * math.sqrt(curvature)
    tail = float(norm.sf(w) + norm.pdf(w) * (1 / u - 1 / w))
    return float(min(1.0, max(2 * tail, 2.0 ** (1 - len(moving)))))
