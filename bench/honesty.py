"""How often printed intervals hold the truth, and how often a printed p cries wolf: by simulation."""

import itertools
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from bench.promise import Promise
from hypnos.report.statistics.intervals import SHARE, mean_interval
from hypnos.report.statistics.paired_tests import compare

RUNS, AGAIN = 1_000, 10_000
"""Runs of each situation, and of one that missed its bound: chance alone takes one of a hundred over it."""

SHARES = {"half right": 0.5, "most right": 0.8, "nearly all right": 0.95}
KINDS = ("normal", *SHARES, "ties")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is simulated: groups of `items` questions, crossed with `levels` seeds or raters that differ by `apart`."""

    kind: str
    groups: int
    items: int
    levels: int
    apart: float

    def __str__(self) -> str:
        of_items = f" of {self.items} (ICC 0.5)" if self.items > 1 else ""
        return f"{self.kind}, {self.groups} groups{of_items}, {self.levels} seeds {self.apart} apart"


def situations() -> Iterator[Situation]:
    """From 3 to 100 groups, of one question or of several, by one to five seeds or raters."""
    for kind, groups, items, levels in itertools.product(KINDS, (3, 6, 20, 100), (1, 4), (1, 2, 3, 5)):
        for apart in (0.0, 0.02, 0.05) if levels > 1 else (0.0,):
            yield Situation(kind=kind, groups=groups, items=items, levels=levels, apart=apart)


@dataclass(frozen=True, slots=True)
class Draw:
    """Values of `models` models of equal truth, each (questions, levels), with the group of each question."""

    models: list[np.ndarray]
    groups: np.ndarray
    truth: float


def draw(case: Situation, random: np.random.Generator, models: int) -> Draw:
    """Questions differ in difficulty, those of a group less so; each model and seed adds its own."""
    sizes = random.integers(1, 2 * case.items, case.groups) if case.items > 1 else np.ones(case.groups, dtype=int)
    at = np.repeat(np.arange(case.groups), sizes)
    shared = 0.5 if case.items > 1 else 0.0
    difficulty = math.sqrt(shared) * random.standard_normal(case.groups)[at]
    difficulty = difficulty + math.sqrt(1 - shared) * random.standard_normal(len(at))
    values = []
    for _ in range(models):
        noise = random.standard_normal((len(at), case.levels))
        latent = math.sqrt(0.7) * difficulty[:, None] + math.sqrt(0.3) * noise
        seeds = case.apart * random.standard_normal(case.levels)
        if case.kind in SHARES:
            limits = norm.ppf(np.clip(SHARES[case.kind] + seeds, 1e-3, 1 - 1e-3))
            values.append((latent < limits).astype(float))
        elif case.kind == "ties":
            values.append(np.clip(np.rint(2 * latent + 8 * seeds), -2, 2) / 4 + 0.5)
        else:
            values.append(0.5 + 0.25 * latent + seeds)
    return Draw(values, at, SHARES.get(case.kind, 0.5))


def uncovered(case: Situation, runs: int, seed: int = 0) -> float:
    """Percent of intervals of one mean that do not hold the truth."""
    random, missed = np.random.default_rng(seed), 0
    bounds = SHARE if case.kind in SHARES else None
    for _ in range(runs):
        drawn = draw(case, random, 1)
        interval = mean_interval(*_columns(drawn.models[0], drawn.groups, case.levels), bounds=bounds)
        missed += not interval.low <= drawn.truth <= interval.high
    return 100 * missed / runs


def false_alarms(case: Situation, runs: int, seed: int = 1) -> tuple[float, float]:
    """Percent of pairs of equal truth with p < 0.05, and of intervals of their difference without 0."""
    random, alarms, missed = np.random.default_rng(seed), 0, 0
    bounds = SHARE if case.kind in SHARES else None
    for _ in range(runs):
        drawn = draw(case, random, 2)
        first, second = (_columns(model, drawn.groups, case.levels) for model in drawn.models)
        test = compare(first[0], second[0], *first[1:], bounds=bounds)
        alarms += test.p < 0.05
        missed += not test.low <= 0 <= test.high
    return 100 * alarms / runs, 100 * missed / runs


def _columns(table: np.ndarray, groups: np.ndarray, levels: int) -> tuple[list[float], list[int], list[int] | None]:
    of_level = np.tile(np.arange(levels), len(groups)).tolist() if levels > 1 else None
    return table.ravel().tolist(), np.repeat(groups, levels).tolist(), of_level


def honest_numbers() -> list[Promise]:
    """The worst situation of each kind."""
    promises = []
    for kind in KINDS:
        cases = [case for case in situations() if case.kind == kind]
        measures: tuple[tuple[str, float, Callable[[Situation, int], float]], ...] = (
            ("means not covered, %", 7.0, uncovered),
            ("p below 0.05 where nothing differs, %", 6.0, lambda case, runs: false_alarms(case, runs)[0]),
            ("differences not covered, %", 7.0, lambda case, runs: false_alarms(case, runs)[1]),
        )
        for what, bound, measure in measures:
            figures = {case: measure(case, RUNS) for case in cases}
            figures |= {case: measure(case, AGAIN) for case, figure in figures.items() if figure > bound}
            worst = max(figures, key=figures.__getitem__)
            promises.append(Promise(f"{what}: worst of {len(cases)} situations ({worst})", figures[worst], bound))
    return promises


if __name__ == "__main__":
    for promise in honest_numbers():
        print(f"{promise.verdict:8} {promise.figure:>10.3g}  {promise.what}")
        sys.stdout.flush()
