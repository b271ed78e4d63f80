"""Measures how much of each benchmark question stands in each record: n-grams counted through one sorted index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypnos.corpus.likeness.ngrams import Grams, grams
from hypnos.curation.similarity.benchmark_texts import BenchmarkQuestion


@dataclass(frozen=True, slots=True)
class Hit:
    """The item that a record holds, which part of it, and how much."""

    item: int
    part: str
    share: float


PARTS = ("question", "stem", "options", "passage")
"""Of one item, the part that is named first where several are held."""

PASSAGE_LEAST = 40
JOINT_LEAST = 8
"""Different grams below which a passage, or stem and options together, are too common to tell anything."""

_SLOTS = 1 << 22
_SLOT = np.uint64(_SLOTS - 1)
"""A gram whose low bits no gram of an item has stands in none of them."""


class BenchmarkIndex:
    """An index over the n-grams of a benchmark's questions."""

    def __init__(
        self, items: Sequence[BenchmarkQuestion], *, gram: int, stem_least: int, shares: Mapping[str, float]
    ) -> None:
        self.gram = gram
        texts: list[str] = []
        owners: list[int] = []
        parts: list[tuple[int, int]] = []
        for number, item in enumerate(items):
            # Options are cut from each other: a gram across two of them would tell their order.
            segments_of = {
                0: [item.question],
                2: [item.question, *item.options] if item.options else [],
                3: [item.passage],
            }
            for part, segments in segments_of.items():
                if any(segments):
                    owners += [len(parts)] * len(segments)
                    texts += segments
                    parts.append((number, part))
        index = grams(texts, gram)
        self.parts = np.array(parts, dtype=np.int64).reshape(-1, 2)
        part_of_text = np.array(owners, dtype=np.int64)
        # An option shorter than a gram stands in no text as one.
        counts = np.repeat((index.lengths >= gram) | (self.parts[part_of_text, 1] == 0), np.diff(index.starts))
        pairs = np.stack([index.hashes, np.repeat(part_of_text, np.diff(index.starts)).astype(np.uint64)], axis=1)
        pairs = pairs[counts]
        pairs = np.unique(pairs, axis=0)
        self.hashes, self.owners = pairs[:, 0].copy(), pairs[:, 1].astype(np.int64)
        self.sizes = np.maximum(np.bincount(self.owners, minlength=len(parts)), 1)
        # What a record must hold, for each part; above 1 where the part alone tells nothing.
        kinds = self.parts[:, 1]
        self.least = np.select(
            [kinds == 0, kinds == 2, kinds == 3], [shares["stem"], shares["joint"], shares["passage"]], default=2.0
        )
        fewest = np.select([kinds == 0, kinds == 2, kinds == 3], [stem_least - gram + 1, JOINT_LEAST, PASSAGE_LEAST])
        self.least[self.sizes < fewest] = 2.0
        self.likeness = shares["question"]
        self._known = np.zeros(_SLOTS, bool)
        self._known[self.hashes & _SLOT] = True

    def find(self, questions: Sequence[str], wholes: Sequence[str]) -> dict[int, Hit]:
        """The worst hit of each record that has one, by its number.

        Args:
            questions: what each record asks.
            wholes: all of each record's text, its question included.
        """
        hits: dict[int, Hit] = {}
        record, part, share = self._shares(grams(wholes, self.gram))
        enough = share >= self.least[part]
        self._keep(hits, record[enough], part[enough], share[enough], named=None)
        asked = grams(questions, self.gram)
        record, part, share = self._shares(asked)
        # No text is more like a part than by the share of the part that it holds.
        may = (share >= self.likeness) & (self.parts[part, 1] == 0)
        record, part, share = record[may], part[may], share[may]
        sizes = np.array([len(asked.set_of(text)) for text in record], dtype=np.int64)
        shared = share * self.sizes[part]
        like = shared / np.maximum(sizes + self.sizes[part] - shared, 1)
        enough = like >= self.likeness
        self._keep(hits, record[enough], part[enough], like[enough], named=0)
        return hits

    def _shares(self, batch: Grams) -> tuple[NDArray, NDArray, NDArray]:
        """Of each text and part that share a gram: their numbers, and the share of the part."""
        text = np.repeat(np.arange(len(batch.lengths)), np.diff(batch.starts))
        # Most grams stand in no item: they are left out before anything is sorted.
        known = self._known[batch.hashes & _SLOT]
        text, hashes = text[known], batch.hashes[known]
        # One pair of text and gram, however often the gram stands there.
        order = np.lexsort((hashes, text))
        text, hashes = text[order], hashes[order]
        fresh = np.ones(len(text), bool)
        fresh[1:] = (text[1:] != text[:-1]) | (hashes[1:] != hashes[:-1])
        text, hashes = text[fresh], hashes[fresh]
        left = np.searchsorted(self.hashes, hashes, "left")
        count = np.searchsorted(self.hashes, hashes, "right") - left
        position = np.repeat(left - np.cumsum(count) + count, count) + np.arange(count.sum())
        pairs = np.repeat(text, count) * len(self.parts) + self.owners[position]
        pairs, shared = np.unique(pairs, return_counts=True)
        text, part = np.divmod(pairs, max(len(self.parts), 1))
        return text, part, shared / self.sizes[part]

    def _keep(
        self, hits: dict[int, Hit], records: NDArray, parts: NDArray, shares: NDArray, *, named: int | None
    ) -> None:
        for record, part, share in zip(records.tolist(), parts.tolist(), shares.tolist(), strict=True):
            item, kind = self.parts[part].tolist()
            name = PARTS[named] if named is not None else ("stem" if kind == 0 else PARTS[kind])
            before = hits.get(record)
            # Of one item the part that says most is named; of several items the one that is held most.
            rank = PARTS.index(name)
            if before and before.item == item:
                better = rank < PARTS.index(before.part)
            else:
                better = before is None or share > before.share
            if better:
                hits[record] = Hit(item, name, share)
