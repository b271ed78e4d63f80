"""Measures exact match and F1 on characters, for short answers taken from a passage."""

from collections.abc import Mapping, Sequence

from hypnos.benchmark.metrics.metric import ItemMetric, Scores, best, ratio, sign
from hypnos.benchmark.metrics.overlap import count_overlap


class Match(ItemMetric):
    """Exact match and F1 over characters (Rajpurkar et al. 2016); the best reference counts.

    Compared without punctuation, in one spelling of full-width forms and of case; numbers and Latin words count
    as one character each.
    """

    def signatures(self) -> Mapping[str, str]:
        made_of = sign("seg:characters-1", "norm:nfkc,lower,no punctuation", "level:mean of answers", "refs:best")
        return dict.fromkeys(("exact_match", "f1"), made_of)

    def score(self, *, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:  # type: ignore[override]
        overlap = count_overlap(tuple(predictions), tuple(map(tuple, references)), "plain", 1)
        lengths = overlap.length[:, None]
        same = (overlap.subsequence == lengths) & (overlap.reference_length == lengths) & (lengths > 0)
        f1 = ratio(2 * overlap.matches[..., 0], lengths + overlap.reference_length)
        return Scores({"exact_match": best(same.astype(float), overlap.references), "f1": best(f1, overlap.references)})
