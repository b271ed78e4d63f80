"""Situations of raters, judges and pairwise comparisons, through the tables and tests that a report makes of them."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from bench.situation import FEW, Figures, percent
from hypnos.report.results import Duel, Note, Rating
from hypnos.report.statistics.intervals import Interval
from hypnos.report.statistics.paired_tests import Comparison
from hypnos.report.tables.rating_tables import duel_grids, rating_grids
from hypnos.report.tables.rating_tests import duel_tests, rating_tests
from hypnos.report.tables.table import Grid

MODELS = ("first", "second")
MIDDLE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Raters:
    """Raters, or judges, of two equally good models on a scale of 0 to 10, in whole numbers.

    Attributes:
        questions: each answered by both models.
        raters: in all.
        overlap: raters of each question, in turn.
        apart: points by which raters differ, in how they use the scale and in which model they like.
    """

    questions: int
    raters: int
    overlap: int
    apart: float

    def __str__(self) -> str:
        raters = f"{self.raters} raters, {self.overlap} a question, {self.apart} points apart"
        return f"{self.questions} questions, {raters if self.raters > 1 else 'one judge'}"

    @property
    def coarse(self) -> bool:
        return self.questions < FEW

    def simulate(self, runs: int) -> Figures:
        random = np.random.default_rng(0)
        alarms = mean_missed = difference_missed = 0
        turns = [
            (question, (question + turn) % self.raters)
            for question in range(self.questions)
            for turn in range(self.overlap)
        ]
        at, by = np.array(turns).T
        for _ in range(runs):
            ratings: list[Rating] = []
            difficulty = random.normal(0, 1.0, self.questions)
            measure = random.normal(0, self.apart, self.raters) if self.raters > 1 else np.zeros(1)
            for model in MODELS:
                answer = random.normal(0, 1.0, self.questions)
                liking = random.normal(0, self.apart / 2, self.raters) if self.raters > 1 else np.zeros(1)
                value = MIDDLE + (difficulty + answer)[at] + (measure + liking)[by] + random.normal(0, 0.7, len(at))
                ratings += _as_ratings(model, at, by, np.clip(np.rint(value), 0, 10))
            mean = _first_mean(rating_grids(ratings, indicators=(), models=MODELS, key="raters", title=""))
            test = _only_test(rating_tests(ratings, indicators=(), models=MODELS, title=""))
            alarms += test.p < 0.05
            mean_missed += not mean.low <= MIDDLE <= mean.high
            difference_missed += not test.low <= 0 <= test.high
        return percent(runs, alarms, mean_missed, difference_missed)


TIE, SPREAD = 0.5, float(np.hypot(1.0, 0.7))
"""Comparisons of a judge vary so much around what it likes; closer ones are ties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """Judges that compare two equally good models; a third of the pairs are ties.

    Win rates are each judge's own, and so is the truth they are held against; tests speak of other judges as well.

    Attributes:
        questions: pairs.
        judges: who compare all of them.
        apart: how far judges differ in which model they like, in deviations of one comparison.
    """

    questions: int
    judges: int
    apart: float

    def __str__(self) -> str:
        judges = f"{self.judges} judges {self.apart} apart" if self.judges > 1 else "one judge"
        return f"{self.questions} pairs, {judges}"

    @property
    def coarse(self) -> bool:
        return self.questions < 2 * FEW

    def simulate(self, runs: int) -> Figures:
        random = np.random.default_rng(0)
        alarms = mean_missed = difference_missed = 0
        for _ in range(runs):
            better = random.normal(0, 1.0, (self.questions, 1)) + random.normal(0, 0.7, (self.questions, self.judges))
            likes = random.normal(0, self.apart, self.judges) if self.judges > 1 else np.zeros(1)
            outcomes = np.sign(better + likes) * (np.abs(better + likes) > TIE)
            duels = [
                Duel(task="t", item=f"{at}", first="first", second="second", outcome=int(outcome), judge=f"{judge}")
                for (at, judge), outcome in np.ndenumerate(outcomes)
            ]
            mean = _first_mean(duel_grids(duels, models=MODELS))
            test = _only_test(duel_tests(duels, models=MODELS))
            alarms += test.p < 0.05
            wins, losses = norm.sf((TIE - likes[0]) / SPREAD), norm.cdf((-TIE - likes[0]) / SPREAD)
            mean_missed += not mean.low <= (1 + wins - losses) / 2 <= mean.high
            difference_missed += not test.low <= 0 <= test.high
        return percent(runs, alarms, mean_missed, difference_missed)


def ratings() -> Iterator[Raters]:
    """One judge, and two to five raters of all questions or of a part."""
    for questions, (raters, overlap) in itertools.product((6, 30), ((1, 1), (2, 2), (3, 3), (5, 5), (3, 2), (4, 1))):
        for apart in (0.0, 1.0) if raters > 1 else (0.0,):
            yield Raters(questions=questions, raters=raters, overlap=overlap, apart=apart)


def duels() -> Iterator[Judges]:
    """One to three judges."""
    for questions, judges in itertools.product((6, 30), (1, 2, 3)):
        for apart in (0.0, 0.3) if judges > 1 else (0.0,):
            yield Judges(questions=questions, judges=judges, apart=apart)


def _as_ratings(model: str, at: np.ndarray, by: np.ndarray, values: Sequence[float]) -> Iterator[Rating]:
    for question, rater, value in zip(at, by, values, strict=True):
        yield Rating(
            model=model, task="t", item=f"{question}", rater=f"{rater}", indicator="usefulness", value=float(value)
        )


def _first_mean(grids: Iterator[Grid]) -> Interval:
    """The first number of the first table: the first model's mean, or its wins against the second."""
    (_, cells), *_ = next(grids).rows
    return next(cell for cell in cells if cell is not None)


def _only_test(notes: Iterator[Note]) -> Comparison:
    (test,) = next(notes).tests
    return test.comparison
