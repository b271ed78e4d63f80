"""Measures BLEU-1 to 4, per answer and over all answers."""

from collections.abc import Mapping

import numpy as np

from hypnos.benchmark.metrics.metric import Scores, ratio, sign
from hypnos.benchmark.metrics.overlap import ORDERS, Overlap
from hypnos.benchmark.metrics.segment import signature
from hypnos.benchmark.metrics.text import TextMetric


class Bleu(TextMetric):
    """BLEU (Papineni et al. 2002) with n-grams clipped over the references and the closest reference's length.

    Per answer: exponential smoothing (method 3 of Chen and Cherry 2014) and, for answers shorter than n tokens,
    the orders they have, as sacrebleu's sentence BLEU with effective order. Over all answers: no smoothing.
    """

    def signatures(self) -> Mapping[str, str]:
        cut = signature(self.segmentation)
        sentence = sign(cut, "smooth:exp", "order:effective", "level:mean of answers", "refs:clipped")
        corpus = sign(cut, "smooth:none", "level:corpus", "refs:clipped")
        orders = range(1, ORDERS + 1)
        return {
            **{self.named(f"bleu_{n}"): sentence for n in orders},
            **{self.named(f"bleu_{n}_corpus"): corpus for n in orders},
        }

    def from_overlap(self, overlap: Overlap) -> Scores:
        lengths = overlap.length[:, None]
        totals = np.maximum(lengths - np.arange(ORDERS), 0)
        closest = closest_length(overlap)
        brevity = _brevity(overlap.length, closest)
        precisions = _smoothed(overlap.clipped, totals)
        sums = np.cumsum(np.log(np.where(totals > 0, precisions, 1.0)), 1)
        orders = np.clip(lengths, 1, np.arange(1, ORDERS + 1))  # an answer of two tokens has two orders
        shared = overlap.clipped.any(1, keepdims=True)
        values = np.where(shared, brevity[:, None] * np.exp(sums / orders), 0.0)

        counts = np.column_stack([overlap.clipped, totals, overlap.length, closest])
        names = [self.named(f"bleu_{n + 1}_corpus") for n in range(ORDERS)]
        return Scores(
            {self.named(f"bleu_{n + 1}"): values[:, n] for n in range(ORDERS)},
            dict(zip(names, corpus_bleu(counts.sum(0)[None])[0].tolist())),
            counts,
            corpus_bleu,
        )


def corpus_bleu(counts: np.ndarray) -> np.ndarray:
    """BLEU-1 to 4, (b, 4), without smoothing.

    Args:
        counts: (b, 10): matches of the four orders, n-grams of the four orders, length, closest references' length.
    """
    precisions = ratio(counts[:, :ORDERS], counts[:, ORDERS:-2])
    with np.errstate(divide="ignore"):
        means = np.exp(np.cumsum(np.log(precisions), 1) / np.arange(1, ORDERS + 1))
    return _brevity(counts[:, -2], counts[:, -1])[:, None] * means


def _smoothed(matches: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Precisions; the k-th order without a match counts half as much as the one before: 1 / (2^k total)."""
    missed = np.cumsum((matches == 0) & (totals > 0), 1)
    return ratio(np.where(matches > 0, matches, 0.5**missed), totals)


def closest_length(overlap: Overlap) -> np.ndarray:
    """Length of the reference nearest in length, (N,); of two equally near, the shorter."""
    there = np.arange(overlap.reference_length.shape[1]) < overlap.references[:, None]
    gaps = np.abs(overlap.reference_length - overlap.length[:, None]) * 2.0 + (
        overlap.reference_length > overlap.length[:, None]
    )
    chosen = np.where(there, gaps, np.inf).argmin(1)
    return overlap.reference_length[np.arange(len(chosen)), chosen]


def _brevity(length: np.ndarray, reference: np.ndarray) -> np.ndarray:
    penalty = np.exp(1 - reference / np.maximum(length, 1))
    return np.where(length == 0, 0.0, np.where(length < reference, penalty, 1.0))
