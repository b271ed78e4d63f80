"""Tests whether two models differ on the same questions, and corrects many tests together (Holm)."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hypnos.report.statistics.crossed import estimate_spread
from hypnos.report.statistics.intervals import LEVEL, Bounds, Values, cross, find_ends
from hypnos.report.statistics.permutation import permutation_p

FEWEST_GROUPS = 6
"""With five groups every swap of the permutation test gives a p above 0.05, whatever the answers are."""

NOT_TESTABLE = "not testable"

TESTS = (
    "p: paired permutation test that swaps whole groups, exact or by its saddlepoint approximation; over several "
    "seeds, raters or judges as the intervals are, so that p speaks of others of them too"
)
"""How the tests are made, as the report says it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same questions.

    Attributes:
        difference: mean of first minus second.
        low: lower end of its interval.
        high: upper end.
        p: two-sided; nan where nothing differs, and where it cannot be tested.
        n: values that both have.
        groups: groups of questions that these come in.
        adjusted: `p` after Holm's correction, see `correct`.
        untested: `NOT_TESTABLE` where no p could speak, such as with too few groups.
        raters: seeds, raters or judges that the groups are crossed with; 0 where there are none.
    """

    difference: float
    low: float
    high: float
    p: float
    n: int
    groups: int
    adjusted: float = math.nan
    untested: str = ""
    raters: int = 0


def compare(
    first: Values,
    second: Values,
    groups: Sequence[Hashable],
    levels: Sequence[Hashable] | None = None,
    *,
    weights: Sequence[float] | None = None,
    bounds: Bounds | None = None,
    level: float = LEVEL,
) -> Comparison:
    """Compare two models question by question.

    With a single level p is of the paired permutation test. With several seeds, raters or judges p speaks of others of
    them as well as of other questions, as the interval does.

    Args:
        first: values of one model; a pair of which either is None is left out.
        second: values of the other, in the same order.
        groups: of the values.
        levels: seed, rater or judge of the values, the same for both models.
        weights: of the values.
        bounds: of each model's values.
        level: how often the interval shall cover.
    """
    pairs = list(zip(first, second, strict=True))
    differences = {at: a - b for at, (a, b) in enumerate(pairs) if a is not None and b is not None}
    kept = list(differences)
    if not kept:
        return Comparison(math.nan, math.nan, math.nan, math.nan, 0, 0, untested=NOT_TESTABLE)
    apart = np.array(list(differences.values()), dtype=float)
    weight = np.ones(len(kept)) if weights is None else np.array([weights[at] for at in kept], dtype=float)
    sums, totals = cross(apart, weight, [groups[at] for at in kept], levels and [levels[at] for at in kept])
    spread = estimate_spread(sums, totals)
    around = None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0])
    low, high = find_ends(spread, bounds=around, level=level)
    crossed = sums.shape[1] > 1
    testable = len(sums) >= (2 if crossed else FEWEST_GROUPS)
    p = spread.p_value() if testable and crossed else math.nan
    if testable and math.isnan(p):  # one level, or levels that agree to the last digit
        p = permutation_p(sums.sum(1))
    untested = "" if testable else NOT_TESTABLE
    raters = sums.shape[1] if levels else 0
    return Comparison(spread.mean, low, high, p, len(kept), len(sums), untested=untested, raters=raters)


def correct(families: Sequence[Hashable], comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Holm's correction within each family, such as all tests of one metric.

    Where nothing differs, or nothing can be tested, there is no test, and none to correct for.
    """
    adjusted = [math.nan] * len(comparisons)
    for family in dict.fromkeys(families):
        members = [at for at, of_test in enumerate(families) if of_test == family]
        for at, p in zip(members, holm([comparisons[at].p for at in members]), strict=True):
            adjusted[at] = p
    return [replace(test, adjusted=p) for test, p in zip(comparisons, adjusted, strict=True)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979), in the order given; a value that is not a number stays out of the count."""
    order = sorted((p, at) for at, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [math.nan] * len(p_values)
    highest = 0.0
    for rank, (p, at) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        adjusted[at] = highest
    return adjusted


def write_p(p: float, untested: str = "") -> str:
    """A p value as it is printed; the reason where it cannot be tested."""
    return untested or ("–" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}")
