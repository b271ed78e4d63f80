"""Remembers records that were kept, and tells which later ones copy them: texts and most keys lie in files."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
from numpy.typing import ArrayLike, NDArray

from hypnos.corpus.likeness.ngrams import Grams, fold, grams, jaccard
from hypnos.curation.pipeline.step import RecordRow
from hypnos.curation.similarity.minhash_index import MinHashIndex, Pairs, pairs_from, split_pairs

STRETCH = 1 << 18
"""Records whose keys lie in memory before they are settled in a file. It decides nothing but memory and time."""

LOOKS = 64
"""From `STRETCH * LOOKS` records on that share of all is kept in memory: so few times are all files read."""

ANSWER = "output"
"""The field of a record that is compared even where both have the same."""

PAIRS = 1 << 13
"""Pairs of records whose texts are read and compared together, and what the last record has more."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of two records is compared.

    Both must be alike as a whole, and in what they do not share word for word: five questions over the same options,
    on the same case or under the same long instruction are no copies. What a system turn says does not count.

    Attributes:
        fields: their texts, after earlier turns.
        least: share of character trigrams from which one copies the other.
    """

    fields: tuple[str, ...]
    least: float

    def text_of(self, row: Mapping[str, Any]) -> str:
        """What is compared of a record."""
        return "\n".join([*self._context(row), *self._answer(row)])

    def unshared(self, first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str, str]:
        """The texts of two records without earlier turns, question and material where both have the same."""
        contexts = zip_longest(self._context(first), self._context(second), fillvalue="")
        apart = [(one, other) for one, other in contexts if fold(one) != fold(other)]
        return (
            "\n".join([*(one for one, _ in apart), *self._answer(first)]),
            "\n".join([*(other for _, other in apart), *self._answer(second)]),
        )

    def _context(self, row: Mapping[str, Any]) -> list[str]:
        """The question's fields and earlier turns, these last: records of one place stand at one place."""
        asked = [str(row.get(field) or "") for field in self.fields if field != ANSWER]
        return [*asked, *map(_turn_text, row.get("history") or ())]

    def _answer(self, row: Mapping[str, Any]) -> list[str]:
        return [str(row.get(ANSWER) or "")] if ANSWER in self.fields else []


def _turn_text(turn: Any) -> str:
    return "\n".join(map(str, turn)) if isinstance(turn, list | tuple) else str(turn)


class SeenRecords:
    """Records by number, in the order in which they came, of which little lies in memory: keys of the last `STRETCH`.

    On the disk there are 252 bytes of keys for each that was kept, 8 for its place. A record is read again when its
    keys meet those of another: from the file of the step before (`source`), or, where there is none, from the one it
    was written to (`spool`). Those of the latter come first.
    """

    def __init__(
        self, comparison: Comparison, *, seed: int, folder: Path | None = None, source: IO[bytes] | None = None
    ) -> None:
        """Begin without records.

        Args:
            comparison: when two are copies.
            seed: of the hashes.
            folder: on whose disk keys, places and texts lie; None: that of temporary files.
            source: the file that `point` means.
        """
        self.comparison = comparison
        self.index = MinHashIndex(seed=seed, folder=folder)
        self._spool: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._places: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._source = source
        self._spooled = self._taken = self._unsettled = 0

    def write(self, row: RecordRow) -> None:
        """Take a record's text by writing it down; all that are written come before those that are pointed at."""
        self.point([self._spool.seek(0, 2)])
        self._spool.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        self._spooled = self._taken

    def point(self, places: ArrayLike) -> None:
        """Take the texts of records by their places in the source."""
        self._taken += self._places.write(np.asarray(places, "<u8").tobytes()) // 8

    def settles_after(self, records: int) -> bool:
        """Whether keys are settled once so many more records are taken."""
        return self._unsettled + records >= max(STRETCH, (self._taken - self._unsettled) // LOOKS)

    def look_back(self, keys: NDArray[np.uint64]) -> Pairs:
        """Pairs of the next records with settled ones, for `sift`: one search for many batches.

        Args:
            keys: `(records, keys)`, of no more records than are taken before keys are settled.
        """
        return self.index.settled_candidates(keys, self._taken)

    def sift(self, keys: NDArray[np.uint64], settled: Pairs | None = None) -> dict[int, RecordRow]:
        """Tell which of a batch, the last records that were taken, are copies; the others are kept.

        Args:
            keys: `(records, keys)`, see `MinHashIndex.keys`.
            settled: what `look_back` returned for records of which these are some; None: it is looked for now.

        Returns:
            `duplicate_of`, `duplicate_text` and `likeness`, by the number of the copy in the batch.
        """
        first = self._taken - len(keys)
        self._places.flush()
        self._spool.flush()
        pairs = self.index.candidates(keys, first)
        if self.index.has_settled:
            if settled is None:
                settled = self.index.settled_candidates(keys, first)
            pairs = np.unique(np.concatenate([pairs, pairs_from(settled, first, self._taken)]))
        twins: dict[int, RecordRow] = {}
        while len(pairs):  # all pairs of some records at a time: their texts lie in memory
            last = int(split_pairs(pairs[:PAIRS])[-1, 0])
            some = pairs_from(pairs, 0, last + 1)
            self._compare(split_pairs(some), first, twins)
            pairs = pairs[len(some) :]
        stays = np.ones(len(keys), dtype=bool)
        stays[list(twins)] = False
        self.take(stays, keys[stays])
        return twins

    def _compare(self, pairs: NDArray[np.int64], first: int, twins: dict[int, RecordRow]) -> None:
        """Add to `twins` which records are copies, given their pairs in order; the batch begins at `first`."""
        texts = _Texts(np.unique(pairs), self._text)
        for number, candidates in groupby(pairs.tolist(), key=itemgetter(0)):
            for _, other in candidates:
                # A copy of a copy is held against the first of them alone.
                if other - first in twins or (likeness := texts.likeness(number, other)) < self.comparison.least:
                    continue
                original = self._row(other)
                likeness = min(likeness, self._unshared_likeness(self._row(number), original, likeness))
                if likeness >= self.comparison.least:
                    twins[number - first] = {
                        "duplicate_of": str(original.get("id", "")),
                        "duplicate_text": self.comparison.text_of(original),
                        "likeness": round(likeness, 4),
                    }
                    break

    def _unshared_likeness(self, row: RecordRow, other: RecordRow, whole: float) -> float:
        if whole == 1.0:
            return whole
        return _Texts(np.arange(2), self.comparison.unshared(row, other).__getitem__).likeness(0, 1)

    def take(self, stays: NDArray[np.bool_], keys: NDArray[np.uint64]) -> None:
        """Remember the keys of those of a batch that stay; its records are the last that were taken."""
        first = self._taken - len(stays)
        self.index.add(keys, (np.flatnonzero(stays) + first).astype(np.uint32))
        self._unsettled += len(stays)
        if self.settles_after(0):
            self.index.settle()
            self._unsettled = 0

    def close(self) -> None:
        self._spool.close()
        self._places.close()

    def _row(self, number: int) -> RecordRow:
        file = self._spool if number < self._spooled else self._source
        assert file is not None
        file.seek(int.from_bytes(os.pread(self._places.fileno(), 8, 8 * number), "little"))
        row: RecordRow = orjson.loads(file.readline())
        return row

    def _text(self, number: int) -> str:
        return self.comparison.text_of(self._row(number))


class _Texts:
    """Grams of the texts that are compared; sorted sets are made when first wanted."""

    def __init__(self, numbers: NDArray[np.int64], text: Any) -> None:
        self._positions = {number: position for position, number in enumerate(numbers.tolist())}
        self._grams: Grams = grams([text(number) for number in numbers.tolist()])
        self._sets: dict[int, NDArray[np.uint64]] = {}

    def likeness(self, first: int, second: int) -> float:
        """Jaccard of two texts; 1 only where the folded texts are equal."""
        i, j = self._positions[first], self._positions[second]
        if self._grams.folded[i] == self._grams.folded[j]:
            return 1.0
        return min(jaccard(self._set(i), self._set(j)), 0.9999)

    def _set(self, position: int) -> NDArray[np.uint64]:
        if position not in self._sets:
            self._sets[position] = self._grams.set_of(position)
        return self._sets[position]
