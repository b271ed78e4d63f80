"""How often printed intervals hold the truth, and how often a printed p cries wolf: by simulation."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from bench.promise import Promise
from hypnos.report.statistics.intervals import SHARE, mean_interval
from hypnos.report.statistics.paired_tests import compare

RUNS, AGAIN = 1_000, 5_000
"""Runs of each situation, and of one that missed its bound: chance alone takes one of a hundred over it."""

ALARMS, MISSED, HELD = 6.0, 7.0, 99.0
"""Percent at most: p below 0.05 where nothing differs, intervals without the truth, and intervals with it."""

FEW = 7
"""With fewer groups, or fewer values of the rarer kind, the truth may be held in more than `HELD` percent: right and
wrong answers can be so few that an interval either holds the truth in 100 % or in less than 93."""

SHARES = {"half right": 0.5, "most right": 0.8, "nearly all right": 0.95}
KINDS = ("normal", "half right", "nearly all right", "ties")


class Situation(Protocol):
    """What is simulated; `str` names it."""

    @property
    def coarse(self) -> bool:
        """Whether there are so few groups, or values of one kind, that intervals may hold the truth too often."""

    def simulate(self, runs: int) -> "Figures":
        """Make the numbers of a report so many times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Percent of runs: p below 0.05 where nothing differs, and intervals without the truth."""

    alarms: float
    mean_missed: float
    difference_missed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Two models of equal truth: groups of `items` questions, crossed with `levels` seeds that differ by `apart`."""

    kind: str
    groups: int
    items: int
    levels: int
    apart: float

    def __str__(self) -> str:
        of_items = f" of {self.items} (ICC 0.5)" if self.items > 1 else ""
        seeds = f", {self.levels} seeds {self.apart} apart" if self.levels > 1 else ""
        return f"{self.kind}, {self.groups} groups{of_items}{seeds}"

    @property
    def coarse(self) -> bool:
        rare = min(SHARES.get(self.kind, 0.5), 1 - SHARES.get(self.kind, 0.5))
        return self.groups < FEW or (self.kind in SHARES and self.groups * rare < FEW)

    def simulate(self, runs: int) -> Figures:
        random = np.random.default_rng(0)
        bounds = SHARE if self.kind in SHARES else None
        truth = SHARES.get(self.kind, 0.5)
        alarms = mean_missed = difference_missed = 0
        for _ in range(runs):
            models, of_row = draw(self, random)
            groups = np.repeat(of_row, self.levels).tolist()
            levels = np.tile(np.arange(self.levels), len(of_row)).tolist() if self.levels > 1 else None
            first, second = (model.ravel().tolist() for model in models)
            mean = mean_interval(first, groups, levels, bounds=bounds)
            test = compare(first, second, groups, levels, bounds=bounds)
            alarms += test.p < 0.05
            mean_missed += not mean.low <= truth <= mean.high
            difference_missed += not test.low <= 0 <= test.high
        return percent(runs, alarms, mean_missed, difference_missed)


def percent(runs: int, alarms: int, mean_missed: int, difference_missed: int) -> Figures:
    """Counts as percent of all runs."""
    scale = 100 / runs
    return Figures(alarms=alarms * scale, mean_missed=mean_missed * scale, difference_missed=difference_missed * scale)


def questions() -> Iterator[Questions]:
    """From 3 to 100 groups, of one question or of several, by one to five seeds."""
    sizes = [*itertools.product((3, 6, 20, 100), (1,)), *itertools.product((3, 6, 20), (4,))]
    seeds = ((1, 0.0), (2, 0.0), (2, 0.02), (2, 0.05), (3, 0.05), (5, 0.0))
    for kind, (groups, items), (levels, apart) in itertools.product(KINDS, sizes, seeds):
        yield Questions(kind=kind, groups=groups, items=items, levels=levels, apart=apart)


def draw(case: Questions, random: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
    """Values of two models, each (questions, seeds), and the group of each question.

    Questions differ in difficulty, those of a group less so; each model and seed adds its own.
    """
    sizes = random.integers(1, 2 * case.items, case.groups) if case.items > 1 else np.ones(case.groups, dtype=int)
    at = np.repeat(np.arange(case.groups), sizes)
    shared = 0.5 if case.items > 1 else 0.0
    difficulty = math.sqrt(shared) * random.standard_normal(case.groups)[at]
    difficulty = difficulty + math.sqrt(1 - shared) * random.standard_normal(len(at))
    values = []
    for _ in range(2):
        noise = random.standard_normal((len(at), case.levels))
        latent = math.sqrt(0.7) * difficulty[:, None] + math.sqrt(0.3) * noise
        seeds = case.apart * random.standard_normal(case.levels)
        if case.kind in SHARES:
            limits = ndtri(np.clip(SHARES[case.kind] + seeds, 1e-3, 1 - 1e-3))
            values.append((latent < limits).astype(float))
        elif case.kind == "ties":
            values.append(np.clip(np.rint(2 * latent + 8 * seeds), -2, 2) / 4 + 0.5)
        else:
            values.append(0.5 + 0.25 * latent + seeds)
    return values, at


MEASURES: dict[str, tuple[float, Callable[[Figures], float]]] = {
    "p below 0.05 where nothing differs, %": (ALARMS, lambda figures: figures.alarms),
    "means without the truth, %": (MISSED, lambda figures: figures.mean_missed),
    "differences without the truth, %": (MISSED, lambda figures: figures.difference_missed),
}
TOO_WIDE: dict[str, Callable[[Figures], float]] = {
    "means with the truth, %": lambda figures: 100 - figures.mean_missed,
    "differences with the truth, %": lambda figures: 100 - figures.difference_missed,
}


def keep_worst(simulated: dict[Situation, Figures], measure: Callable[[Figures], float], bound: float) -> Situation:
    """The situation with the highest figure; one over the bound is first simulated again, with more runs."""
    again: set[Situation] = set()
    while True:
        worst = max(simulated, key=lambda case: measure(simulated[case]))
        if measure(simulated[worst]) <= bound or worst in again:
            return worst
        simulated[worst] = worst.simulate(AGAIN)
        again.add(worst)


def promises_of(name: str, cases: Sequence[Situation]) -> Iterator[Promise]:
    """The worst situation of each measure; where there are few groups or values, the upper bound is no promise."""
    simulated = {case: case.simulate(RUNS) for case in cases}
    for what, (bound, measure) in MEASURES.items():
        worst = keep_worst(simulated, measure, bound)
        yield Promise(f"{name}: {what}: worst of {len(cases)} ({worst})", measure(simulated[worst]), bound)
    for what, measure in TOO_WIDE.items():
        for coarse, bound in ((False, HELD), (True, 100.0)):
            part = {case: figures for case, figures in simulated.items() if case.coarse == coarse}
            if part:
                worst = keep_worst(part, measure, bound)
                among = f"{len(part)} with few groups or values" if coarse else f"{len(part)} others"
                yield Promise(f"{name}: {what}: most of {among} ({worst})", measure(part[worst]), bound)


def honest_numbers() -> Iterator[Promise]:
    """The worst situation of each kind."""
    from bench.honest_ratings import duels, ratings

    for kind in KINDS:
        yield from promises_of(kind, [case for case in questions() if case.kind == kind])
    yield from promises_of("ratings", list(ratings()))
    yield from promises_of("wins", list(duels()))


if __name__ == "__main__":
    for promise in honest_numbers():
        print(f"{promise.verdict:8} {promise.figure:>6.3g}  at most {promise.bound:<5g} {promise.what}", flush=True)
