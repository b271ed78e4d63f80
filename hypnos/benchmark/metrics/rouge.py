"""Measures ROUGE-1, ROUGE-2 and ROUGE-L."""

from collections.abc import Mapping
from importlib.metadata import version

import numpy as np

from hypnos.benchmark.metrics.metric import Scores, best, ratio, sign
from hypnos.benchmark.metrics.overlap import Overlap
from hypnos.benchmark.metrics.segment import signature
from hypnos.benchmark.metrics.text import TextMetric

_EPSILON = 1e-8  # in the denominator of F, as in rouge-chinese


class Rouge(TextMetric):
    """ROUGE (Lin 2004), F with equal weights; the best reference counts.

    ROUGE-1 and 2 compare the different n-grams of both sides, ROUGE-L the longest common subsequence, as
    rouge-chinese does.
    """

    def signatures(self) -> Mapping[str, str]:
        cut = signature(self.segmentation)
        level = "level:mean of answers"
        engines = {
            "rouge_1": "n-grams:set",
            "rouge_2": "n-grams:set",
            "rouge_l": f"lcs:rapidfuzz-{version('rapidfuzz')}",
        }
        return {self.named(name): sign(cut, "f1", engine, level, "refs:best") for name, engine in engines.items()}

    def from_overlap(self, overlap: Overlap) -> Scores:
        def f(shared: np.ndarray, own: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            precision, recall = ratio(shared, own[:, None]), ratio(shared, theirs)
            return best(2 * precision * recall / (precision + recall + _EPSILON), overlap.references)

        values = {
            f"rouge_{n}": f(
                overlap.shared_kinds[..., n - 1], overlap.kinds[:, n - 1], overlap.reference_kinds[..., n - 1]
            )
            for n in (1, 2)
        }
        values["rouge_l"] = f(overlap.subsequence, overlap.length, overlap.reference_length)
        return Scores({self.named(name): value for name, value in values.items()})
