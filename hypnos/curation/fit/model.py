"""Learns what tells a question with its answer from one with a random answer, and gives the odds for others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypnos.curation.fit.association import Association, PairWords, words_of
from hypnos.curation.fit.embedding import Embedding

STEPS = 25
RIDGE = 1.0


class FitModel:
    """A logistic regression on a few numbers about a pair, their squares and products.

    It is trained on the records themselves: each with its own answer against each with another one's. Those that have a
    wrong answer from the beginning are too few to teach it that. Odds of 0 (their logarithm) say that a pair is as
    likely a real one as a random one.
    """

    def __init__(
        self, questions: Sequence[str], answers: Sequence[str], *, seed: int, embedding: Embedding | None
    ) -> None:
        """Count and train; `questions[i]` has the answer `answers[i]`."""
        pairs = [words_of(question, answer) for question, answer in zip(questions, answers, strict=True)]
        self.association = Association(pairs)
        self.embedding = embedding
        others = np.random.default_rng(seed).permutation(len(pairs))
        mixed = [
            PairWords(pair.question, pairs[other].answer, pair.question_signs, pairs[other].answer_signs)
            for pair, other in zip(pairs, others.tolist(), strict=True)
        ]
        likeness = likeness_of_others = None
        if embedding is not None:
            likeness = embedding.likeness(questions, answers)
            likeness_of_others = embedding.likeness(questions, [answers[other] for other in others.tolist()])
        real = self._numbers(pairs, likeness, counted=True)
        random = self._numbers(mixed, likeness_of_others, counted=False)
        self._mean, self._spread = random.mean(0), np.maximum(random.std(0), 1e-9)
        self._weights = _train(self._terms(real), self._terms(random))

    def odds(self, questions: Sequence[str], answers: Sequence[str], counted: Sequence[bool]) -> NDArray[np.float64]:
        """Logarithms of the odds that answers belong to their questions.

        Args:
            questions: with material and earlier turns.
            answers: one of each.
            counted: whether the model was made with this very pair.
        """
        pairs = [words_of(question, answer) for question, answer in zip(questions, answers, strict=True)]
        likeness = self.embedding.likeness(questions, answers) if self.embedding is not None else None
        numbers = [self.association.measure(pair, counted=own) for pair, own in zip(pairs, counted, strict=True)]
        return self._terms(_join(numbers, likeness)) @ self._weights

    def _numbers(
        self, pairs: Sequence[PairWords], likeness: NDArray[np.float64] | None, *, counted: bool
    ) -> NDArray[np.float64]:
        return _join([self.association.measure(pair, counted=counted) for pair in pairs], likeness)

    def _terms(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """`(pairs, terms)`: 1, the numbers on one scale, and their products."""
        scaled = np.clip((numbers - self._mean) / self._spread, -4, 6)
        first, second = np.triu_indices(scaled.shape[1])
        return np.concatenate([np.ones((len(scaled), 1)), scaled, scaled[:, first] * scaled[:, second]], axis=1)


def _join(numbers: list[list[float]], likeness: NDArray[np.float64] | None) -> NDArray[np.float64]:
    table = np.array(numbers, dtype=np.float64)
    return table if likeness is None else np.concatenate([table, likeness[:, None]], axis=1)


def _train(real: NDArray[np.float64], random: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of a logistic regression, by Newton's method with a ridge."""
    terms = np.concatenate([real, random])
    labels = np.concatenate([np.ones(len(real)), np.zeros(len(random))])
    weights = np.zeros(terms.shape[1])
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(-np.clip(terms @ weights, -30, 30)))
        slope = terms.T @ (labels - chances) - RIDGE * weights
        curve = (terms * (chances * (1 - chances))[:, None]).T @ terms + RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(curve, slope)
    return weights
