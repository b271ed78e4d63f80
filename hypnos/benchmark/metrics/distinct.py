"""Measures Distinct-1 and Distinct-2: how varied the answers of a model are."""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

from hypnos.benchmark.metrics.metric import Scores, sign
from hypnos.benchmark.metrics.overlap import Overlap, cut_all
from hypnos.benchmark.metrics.segment import signature
from hypnos.benchmark.metrics.text import TextMetric


class Distinct(TextMetric):
    """Distinct-n (Li et al. 2016): different n-grams over all n-grams of all answers together.

    It falls with the amount of text, so it compares only models that answered the same questions; mean length
    belongs beside it.
    """

    def signatures(self) -> Mapping[str, str]:
        made_of = sign(signature(self.segmentation), "level:corpus")
        return {self.named(f"distinct_{n}"): made_of for n in (1, 2)}

    def score(self, *, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:  # type: ignore[override]
        del references
        answers = cut_all(tuple(predictions), self.segmentation)
        values = {}
        for n in (1, 2):
            grams = answers if n == 1 else [list(pairwise(tokens)) for tokens in answers]
            total = sum(map(len, grams))
            kinds = len(set(chain.from_iterable(grams)))
            values[self.named(f"distinct_{n}")] = kinds / total if total else 0.0
        return Scores({}, values)

    def from_overlap(self, overlap: Overlap) -> Scores:
        raise NotImplementedError("compares answers with each other, not with references")
