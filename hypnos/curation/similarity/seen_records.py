"""Remembers records that were kept, and tells which later ones copy them: keys in memory, texts in a file."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from hypnos.corpus.likeness.ngrams import Grams, grams, jaccard
from hypnos.curation.pipeline.step import RecordRow
from hypnos.curation.similarity.minhash_index import MinHashIndex


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of two records is compared.

    Attributes:
        fields: their texts, after earlier turns.
        least: share of character trigrams from which one copies the other.
    """

    fields: tuple[str, ...]
    least: float

    def text_of(self, row: Mapping[str, Any]) -> str:
        """What is compared of a record."""
        above = [str(row["system"])] if row.get("system") else []
        turns = map(_turn_text, row.get("history") or ())
        return "\n".join([*above, *turns, *(str(row.get(f) or "") for f in self.fields)])


def _turn_text(turn: Any) -> str:
    return "\n".join(map(str, turn)) if isinstance(turn, list | tuple) else str(turn)


class SeenRecords:
    """Records by number, in the order in which they came: 252 bytes of keys for each that was kept, 8 for its place.

    A record is read again when its keys meet those of another: from the file of the step before (`source`), or, where
    there is none, from the one it was written to (`spool`). Those of the latter come first.
    """

    def __init__(self, comparison: Comparison, *, seed: int, spool: IO[bytes], source: IO[bytes] | None = None) -> None:
        self.comparison = comparison
        self.index = MinHashIndex(seed=seed)
        self._spool, self._source = spool, source
        self._spooled, self._places = array("Q"), array("Q")

    def write(self, row: RecordRow) -> None:
        """Take a record's text by writing it down."""
        self._spooled.append(self._spool.seek(0, 2))
        self._spool.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def point(self, place: int) -> None:
        """Take a record's text by its place in the source."""
        self._places.append(place)

    def sift(self, keys: NDArray[np.uint64]) -> dict[int, RecordRow]:
        """Tell which of a batch, the last records that were taken, are copies; the others are kept.

        Args:
            keys: `(records, keys)`, see `MinHashIndex.keys`.

        Returns:
            `duplicate_of`, `duplicate_text` and `likeness`, by the number of the copy in the batch.
        """
        first = len(self._spooled) + len(self._places) - len(keys)
        pairs = self.index.candidates(keys, first)
        texts = _Texts(np.unique(pairs), self._text)
        bounds = np.searchsorted(pairs[:, 0], np.arange(first, first + len(keys) + 1))
        twins: dict[int, RecordRow] = {}
        for i in range(len(keys)):
            for other in pairs[bounds[i] : bounds[i + 1], 1].tolist():
                # A copy of a copy is held against the first of them alone.
                if other - first not in twins and (
                    (likeness := texts.likeness(first + i, other)) >= self.comparison.least
                ):
                    original = self._row(other)
                    twins[i] = {
                        "duplicate_of": str(original.get("id", "")),
                        "duplicate_text": self.comparison.text_of(original),
                        "likeness": round(likeness, 4),
                    }
                    break
        stays = np.array([i not in twins for i in range(len(keys))], dtype=bool)
        self.take(stays, keys[stays])
        return twins

    def take(self, stays: NDArray[np.bool_], keys: NDArray[np.uint64]) -> None:
        """Remember the keys of those of a batch that stay; its records are the last that were taken."""
        first = len(self._spooled) + len(self._places) - len(stays)
        self.index.add(keys, (np.flatnonzero(stays) + first).astype(np.uint32))

    def _row(self, number: int) -> RecordRow:
        spooled = number < len(self._spooled)
        file = self._spool if spooled else self._source
        assert file is not None
        file.seek(self._spooled[number] if spooled else self._places[number - len(self._spooled)])
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
