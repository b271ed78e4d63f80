"""What is printed, by simulation: one situation of each kind of number, and bounds that chance breaks once in 10,000.

`python -m bench.honesty` tries some hundred of them with more runs.
"""

import pytest
from scipy.stats import binom

from bench.honest_questions import Questions
from bench.honest_ratings import Judges, Raters
from bench.honesty import ALARMS, HELD, MISSED

RUNS = 300
CHANCE = 1e-4 / 30
"""All bounds of this file together."""

SITUATIONS = [
    Questions(kind="normal", groups=30, items=1, levels=1, apart=0.0),
    Questions(kind="half right", groups=30, items=1, levels=1, apart=0.0),
    Questions(kind="ties", groups=6, items=4, levels=1, apart=0.0),
    Questions(kind="normal", groups=60, items=1, levels=2, apart=0.05),
    Questions(kind="most right", groups=40, items=2, levels=3, apart=0.02),
    Raters(questions=30, raters=1, overlap=1, apart=0.0),
    Raters(questions=30, raters=2, overlap=2, apart=1.0),
    Raters(questions=30, raters=4, overlap=2, apart=1.0),
    Judges(questions=30, judges=1, apart=0.0),
    Judges(questions=30, judges=2, apart=0.3),
]


def at_most(percent: float) -> float:
    return 100 * binom.isf(CHANCE, RUNS, percent / 100) / RUNS


@pytest.mark.slow
@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_intervals_hold_the_truth_and_p_does_not_cry_wolf(situation) -> None:
    figures = situation.simulate(RUNS)
    assert figures.alarms <= at_most(ALARMS)
    assert figures.mean_missed <= at_most(MISSED) and figures.difference_missed <= at_most(MISSED)


@pytest.mark.slow
def test_two_seeds_that_agree_do_not_hold_everything() -> None:
    """Pivots alone would hold 99.5 %; at 99 % more than so many runs without the truth are all but certain."""
    runs = 2_000
    figures = Questions(kind="normal", groups=100, items=1, levels=2, apart=0.0).simulate(runs)
    least = 100 * binom.ppf(CHANCE, runs, 1 - HELD / 100) / runs
    assert least > 0.1 and figures.difference_missed >= least
