"""Measures GLEU: how much of answer and reference is shared, whichever is less."""

from collections.abc import Mapping

import numpy as np

from hypnos.benchmark.metrics.metric import Scores, best, ratio, sign
from hypnos.benchmark.metrics.overlap import ORDERS, Overlap
from hypnos.benchmark.metrics.segment import signature
from hypnos.benchmark.metrics.text import TextMetric


class Gleu(TextMetric):
    """GLEU (Wu et al. 2016): shared n-grams of 1 to 4 over those of the longer side; the best reference counts."""

    def signatures(self) -> Mapping[str, str]:
        cut = signature(self.segmentation)
        sentence = sign(cut, "order:1-4", "level:mean of answers", "refs:best")
        corpus = sign(cut, "order:1-4", "level:corpus", "refs:best")
        return {self.named("gleu"): sentence, self.named("gleu_corpus"): corpus}

    def from_overlap(self, overlap: Overlap) -> Scores:
        orders = np.arange(ORDERS)
        own = np.maximum(overlap.length[:, None] - orders, 0).sum(1)
        theirs = np.maximum(overlap.reference_length[..., None] - orders, 0).sum(2)
        shared, most = overlap.matches.sum(2), np.maximum(own[:, None], theirs)
        values = ratio(shared, most)
        # Over all answers the sums of each answer's best reference count.
        there = np.arange(values.shape[1]) < overlap.references[:, None]
        chosen = np.where(there & (most > 0), values, -1.0).argmax(1)
        rows = np.arange(len(chosen))
        sums = np.column_stack([shared[rows, chosen], most[rows, chosen]])
        corpus = {self.named("gleu_corpus"): float(_gleu_of_sums(sums.sum(0)[None])[0, 0])}
        return Scores({self.named("gleu"): best(values, overlap.references)}, corpus, sums, _gleu_of_sums)


def _gleu_of_sums(sums: np.ndarray) -> np.ndarray:
    return ratio(sums[:, :1], sums[:, 1:])
