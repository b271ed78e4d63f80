"""Measures how much higher a scorer grades than the others do, on records that several of them graded.

With cross-scoring each of two answers has another judge: a lenient judge makes the answers better that it sees. What
several scorers graded tells leniency from merit, as the record is the same. A scorer may also favour what it wrote
itself; that is measured along with it, so that it is not taken for leniency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hypnos.corpus.decisions import overall_grade
from hypnos.corpus.scores import read_grades
from hypnos.corpus.selection import Selection

FEWEST = 20
"""Records that several graded, below which leniency is too uncertain to be taken off."""


@dataclass(frozen=True, slots=True)
class Leniency:
    """What scorers are lenient by.

    Attributes:
        records: that several scorers graded.
        by_scorer: grades above the scorers' mean; empty where too few records tell.
        self_preference: grades a scorer adds to what it wrote itself; 0 where nobody graded an own record.
    """

    records: int = 0
    by_scorer: Mapping[str, float] = field(default_factory=dict)
    self_preference: float = 0.0

    def taken_off(self, scorers: Iterable[str]) -> float:
        """What a grade by these scorers, the mean of theirs, is too high by."""
        values = [self.by_scorer.get(scorer, 0.0) for scorer in scorers]
        return sum(values) / len(values) if values else 0.0


def measure_leniency(rows: Iterable[Mapping[str, Any]], selection: Selection) -> Leniency:
    """Fit grade = record + scorer's leniency (+ self-preference, for its own record) by least squares.

    Args:
        rows: with `author` and `scores`; those with one scorer tell nothing and are passed over.
        selection: the policy whose overall grade is looked at.
    """
    numbers: dict[str, int] = {}
    lines: list[list[tuple[int, bool, float]]] = []
    for row in rows:
        scorers = list(read_grades(row))
        if len(scorers) < 2:
            continue
        seen = []
        for scorer in scorers:
            grade = overall_grade(replace(selection, scorers=scorer), row)
            if grade is not None:
                seen.append((numbers.setdefault(scorer, len(numbers)), scorer == row.get("author"), grade))
        if len(seen) > 1:
            lines.append(seen)
    if len(lines) < FEWEST:
        return Leniency(len(lines))
    known, grades = [], []
    for seen in lines:
        design = np.zeros((len(seen), len(numbers) + 1))
        for at, (number, own, _) in enumerate(seen):
            design[at, number] = 1.0
            design[at, -1] = own
        known.append(design - design.mean(0))  # less the record's own mean: its merit is no unknown any more
        values = np.array([grade for _, _, grade in seen])
        grades.append(values - values.mean())
    # The least of all solutions: leniency adds up to nothing over the scorers.
    fitted = np.linalg.lstsq(np.concatenate(known), np.concatenate(grades), rcond=None)[0]
    by_scorer = {scorer: round(float(fitted[number]), 4) for scorer, number in numbers.items()}
    return Leniency(len(lines), by_scorer, round(float(fitted[-1]), 4))
