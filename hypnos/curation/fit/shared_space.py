"""Lays questions and answers into one space, in which those that belong together lie in one direction.

Canonical correlations (Hotelling, 1936) between the two, after each is written in the directions along which texts
differ most (latent semantic analysis): words that share no sign can meet there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hypnos.curation.fit.association import PairWords

TRAITS = 20_000
"""Words and pairs of signs that are counted: those that most texts have, but for those in too many."""
RARE, COMMON = 5, 0.1

DIRECTIONS, SPARE, PASSES = 256, 10, 2
"""Directions that are kept, more that are looked for, and how often the search is refined (Halko et al., 2011)."""

RIDGE = 7.5e-4
"""For each pair that is learnt from; less believes what stands together by chance."""

WEIGHT = 0.75
"""Power of its correlation by which a direction counts."""

FOLDS = 4
"""A pair is measured by what the other three quarters taught: its own would prove it."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What one part of the pairs taught: `(directions,)` to take away, `(directions, directions)` to multiply with."""

    question_mean: NDArray[np.float64]
    answer_mean: NDArray[np.float64]
    question: NDArray[np.float64]
    answer: NDArray[np.float64]


class SharedSpace:
    """Measures the angle between question and answer in a space that was learnt from pairs."""

    def __init__(self, pairs: Sequence[PairWords], folds: NDArray[np.int64], *, seed: int) -> None:
        """Learn.

        Args:
            pairs: real ones, as far as one knows.
            folds: of each pair, below `FOLDS`.
            seed: of the random directions that the search begins with.
        """
        asked, answered = [_question(pair) for pair in pairs], [_answer(pair) for pair in pairs]
        counts = Counter(trait for traits in (*asked, *answered) for trait in traits)
        usual = [trait for trait, count in counts.items() if RARE <= count <= max(2 * COMMON * len(pairs), RARE)]
        chosen = sorted(usual, key=lambda trait: (-counts[trait], trait))[:TRAITS]
        self._numbers = {trait: number for number, trait in enumerate(chosen)}
        self._weights = np.log(2 * len(pairs) / np.array([counts[trait] for trait in chosen], dtype=float))
        questions, answers = self._table(asked), self._table(answered)
        self._axes = _main_directions(sparse.vstack([questions, answers]).tocsr(), seed)
        first, second = questions @ self._axes, answers @ self._axes
        self._projections = [_correlate(first[folds != fold], second[folds != fold]) for fold in range(FOLDS)]

    def measure(self, pairs: Sequence[PairWords], folds: NDArray[np.int64]) -> NDArray[np.float64]:
        """Cosine of each pair, from -1 to 1, by what the folds taught that it is not in; 0 for texts without words."""
        questions = self._table([_question(pair) for pair in pairs]) @ self._axes
        answers = self._table([_answer(pair) for pair in pairs]) @ self._axes
        cosines = np.zeros(len(pairs))
        for fold, projection in enumerate(self._projections):
            own = folds == fold
            first = (questions[own] - projection.question_mean) @ projection.question
            second = (answers[own] - projection.answer_mean) @ projection.answer
            lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
            cosines[own] = (first * second).sum(1) / np.maximum(lengths, 1e-12)
        return cosines

    def _table(self, texts: Sequence[Iterable[str]]) -> sparse.csr_matrix:
        """`(texts, traits)`: rare traits count more, and each text has length 1."""
        rows = [sorted(self._numbers[trait] for trait in traits if trait in self._numbers) for traits in texts]
        columns = np.array([column for row in rows for column in row], dtype=np.int64)
        ends = np.cumsum([0, *map(len, rows)])
        weights = self._weights[columns]
        squares = np.concatenate([[0.0], np.cumsum(weights**2)])
        lengths = np.sqrt(np.maximum(squares[ends[1:]] - squares[ends[:-1]], 1e-12))
        values = weights / np.repeat(lengths, np.diff(ends))
        return sparse.csr_matrix((values, columns, ends), shape=(len(rows), len(self._numbers)))


def _question(pair: PairWords) -> set[str]:
    return {*pair.question, *("#" + signs for signs in pair.question_signs)}


def _answer(pair: PairWords) -> set[str]:
    return {*pair.answer, *("#" + signs for signs in pair.answer_signs)}


def _main_directions(table: sparse.csr_matrix, seed: int) -> NDArray[np.float64]:
    """`(traits, directions)`: the right singular vectors of the largest singular values."""
    wanted = min(DIRECTIONS, *table.shape)
    found = table @ np.random.default_rng(seed).standard_normal((table.shape[1], min(wanted + SPARE, *table.shape)))
    for _ in range(PASSES):
        found = table @ (table.T @ np.linalg.qr(found)[0])
    across = table.T @ np.linalg.qr(found)[0]
    left, _, _ = np.linalg.svd(across, full_matrices=False)
    return np.asarray(left[:, :wanted])


def _correlate(questions: NDArray[np.float64], answers: NDArray[np.float64]) -> Projection:
    """Directions by their canonical correlations, each weighed by a power of it."""
    means = questions.mean(0), answers.mean(0)
    first, second = questions - means[0], answers - means[1]
    ridge = RIDGE * len(questions) * np.eye(questions.shape[1])
    lower = [np.linalg.cholesky(one.T @ one + ridge) for one in (first, second)]
    between = np.linalg.solve(lower[0], np.linalg.solve(lower[1], second.T @ first).T)
    left, correlations, right = np.linalg.svd(between)
    roots = correlations**WEIGHT
    return Projection(*means, np.linalg.solve(lower[0].T, left) * roots, np.linalg.solve(lower[1].T, right.T) * roots)
