"""Situations of two models, or arms, that answer the same questions, crossed with seeds."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from bench.situation import FEW, Figures, percent
from hypnos.report.statistics.intervals import SHARE, mean_interval
from hypnos.report.statistics.paired_tests import compare

SHARES = {"half right": 0.5, "most right": 0.8, "nearly all right": 0.95}
LIMITS = (1e-3, 1 - 1e-3)
"""Least and greatest share of right answers of a seed."""

KINDS = ("normal", "half right", "nearly all right", "ties")


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

    @property
    def truth(self) -> float:
        """The mean over all seeds: where nearly all is right, a seed above it gains less than one below it loses."""
        if self.kind not in SHARES:
            return 0.5
        seeds = self.apart * ndtri((np.arange(10_000) + 0.5) / 10_000)
        return float(np.clip(SHARES[self.kind] + seeds, *LIMITS).mean())

    def simulate(self, runs: int) -> Figures:
        random = np.random.default_rng(0)
        bounds = None if self.kind == "normal" else SHARE
        alarms = mean_missed = difference_missed = 0
        for _ in range(runs):
            models, of_row = draw(self, random)
            groups = np.repeat(of_row, self.levels).tolist()
            levels = np.tile(np.arange(self.levels), len(of_row)).tolist() if self.levels > 1 else None
            first, second = (model.ravel().tolist() for model in models)
            mean = mean_interval(first, groups, levels, bounds=bounds)
            test = compare(first, second, groups, levels, bounds=bounds)
            alarms += test.p < 0.05
            mean_missed += not mean.low <= self.truth <= mean.high
            difference_missed += not test.low <= 0 <= test.high
        return percent(runs, alarms, mean_missed, difference_missed)


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
            limits = ndtri(np.clip(SHARES[case.kind] + seeds, *LIMITS))
            values.append((latent < limits).astype(float))
        elif case.kind == "ties":
            values.append(np.clip(np.rint(2 * latent + 8 * seeds), -2, 2) / 4 + 0.5)
        else:
            values.append(0.5 + 0.25 * latent + seeds)
    return values, at
