"""Learns what tells a question with its answer from one with a random answer, and gives the odds for others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypnos.curation.fit.association import Association, PairWords, words_of
from hypnos.curation.fit.embedding import Embedding
from hypnos.curation.fit.shared_space import FOLDS, SharedSpace

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
        folds = _folds(questions, answers)
        self.association = Association(pairs)
        self.space = SharedSpace(pairs, folds, seed=seed)
        self.embedding = embedding
        others = _others(folds, np.random.default_rng(seed))
        mixed = [
            PairWords(pair.question, pairs[other].answer, pair.question_signs, pairs[other].answer_signs)
            for pair, other in zip(pairs, others.tolist(), strict=True)
        ]
        likeness = likeness_of_others = None
        if embedding is not None:
            likeness = embedding.likeness(questions, answers)
            likeness_of_others = embedding.likeness(questions, [answers[other] for other in others.tolist()])
        real = self._numbers(pairs, folds, likeness, [True] * len(pairs))
        random = self._numbers(mixed, folds, likeness_of_others, [False] * len(pairs))
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
        return self._terms(self._numbers(pairs, _folds(questions, answers), likeness, counted)) @ self._weights

    def _numbers(
        self,
        pairs: Sequence[PairWords],
        folds: NDArray[np.int64],
        likeness: NDArray[np.float64] | None,
        counted: Sequence[bool],
    ) -> NDArray[np.float64]:
        """`(pairs, numbers)`: all that is known of each pair."""
        together = [self.association.measure(pair, counted=own) for pair, own in zip(pairs, counted, strict=True)]
        columns = [np.array(together, dtype=np.float64), self.space.measure(pairs, folds)[:, None]]
        return np.concatenate(columns if likeness is None else [*columns, likeness[:, None]], axis=1)

    def _terms(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """`(pairs, terms)`: 1, the numbers on one scale, and their products."""
        scaled = np.clip((numbers - self._mean) / self._spread, -4, 6)
        first, second = np.triu_indices(scaled.shape[1])
        return np.concatenate([np.ones((len(scaled), 1)), scaled, scaled[:, first] * scaled[:, second]], axis=1)


def _folds(questions: Sequence[str], answers: Sequence[str]) -> NDArray[np.int64]:
    """A number below `FOLDS` for each pair, by its text alone: the same in every process."""
    import xxhash

    texts = (f"{question}\0{answer}".encode("utf-8", "surrogatepass") for question, answer in zip(questions, answers))
    return np.array([xxhash.xxh3_64_intdigest(text) % FOLDS for text in texts], dtype=np.int64)


def _others(folds: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    """Another pair for each, out of its own fold: what measures a pair must have seen neither of its halves."""
    others = np.arange(len(folds))
    for fold in range(FOLDS):
        own = np.flatnonzero(folds == fold)
        others[own] = chance.permutation(own)
    return others


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
