"""Drops copies: exact ones after folding, and near ones, measured on character trigrams; the first of them stays."""

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import numpy as np

from hypnos.artefacts.keys import file_key
from hypnos.artefacts.ranges import Range, Seed
from hypnos.corpus.files import read_rows
from hypnos.curation.similarity.minhash_index import MinHashIndex
from hypnos.curation.similarity.ngrams import Grams, batches, grams, jaccard
from hypnos.curation.step import RecordRow, Reject, Step
from hypnos.errors import UserError

VERSION = 1
FIELDS = {"record": ("instruction", "input", "output"), "question": ("instruction", "input")}


class Deduplicate(Step):
    """The step `deduplicate`. A copy is rejected with id, text and likeness of the record that it copies."""

    name = "deduplicate"

    def __init__(
        self,
        *,
        on: Literal["record", "question"] = "record",
        jaccard: Annotated[float, Range(least=0.5, most=1)] = 0.8,
        against: Sequence[str] = (),
        seed: Seed = 0,
    ) -> None:
        """Say what a copy is.

        Args:
            on: compare whole records, or questions alone: then one question keeps its first answer only.
            jaccard: share of character trigrams, of all that either text has, from which two texts are copies;
                1 leaves only what is equal after folding.
            against: files or folders of records that count as seen before.
            seed: of the hashes.

        Raises:
            UserError: a value is out of its range.
        """
        if on not in FIELDS:
            raise UserError(f"deduplicate.on {on!r}: know {', '.join(FIELDS)}")
        if not 0.5 <= jaccard <= 1:
            raise UserError(f"deduplicate.jaccard {jaccard}: must be between 0.5 and 1")
        self.on = on
        self.jaccard = jaccard
        self.against = tuple(against)
        self.seed = seed

    def key(self) -> dict[str, Any]:
        against = [file_key(Path(path)) for path in self.against]
        return {"version": VERSION, "on": self.on, "jaccard": self.jaccard, "against": against, "seed": self.seed}

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yield the first of all copies, in the order of the rows; those of `against` come before all.

        Reasons: `duplicate` for the same text after folding, `near_duplicate`. A rejected row also has
        `duplicate_of`, `duplicate_text` and `likeness`.
        """
        with tempfile.TemporaryFile() as store:
            seen = _Seen(store, self.jaccard, MinHashIndex(seed=self.seed))
            for path in self.against:
                pool = (row for _, row in read_rows(path) if isinstance(row, Mapping))
                for batch, texts in batches(pool, self._text):
                    seen.sift(batch, texts)
            for batch, texts in batches(rows, self._text):
                twins = seen.sift(batch, texts)
                for number, row in enumerate(batch):
                    if number not in twins:
                        yield row
                    else:
                        twin = twins[number]
                        reject(row | twin, "duplicate" if twin["likeness"] == 1.0 else "near_duplicate")

    def _text(self, row: Mapping[str, Any]) -> str:
        above = [str(row["system"])] if row.get("system") else []
        turns = map(_turn_text, row.get("history") or ())
        return "\n".join([*above, *turns, *(str(row.get(f) or "") for f in FIELDS[self.on])])


def _turn_text(turn: Any) -> str:
    return "\n".join(map(str, turn)) if isinstance(turn, list | tuple) else str(turn)


class _Seen:
    """The texts that were kept: their keys in memory, themselves in a file, to be compared when keys meet."""

    def __init__(self, store: IO[bytes], least: float, index: MinHashIndex) -> None:
        self.store = store
        self.least = least
        self.index = index
        self.ids: list[str] = []
        self.ends = array("Q", [0])

    def sift(self, batch: Sequence[RecordRow], texts: Sequence[str]) -> dict[int, RecordRow]:
        """Returns what each row copies, by its number in the batch; those that copy nothing are remembered."""
        batch_grams = grams(texts)
        keys = self.index.keys(batch_grams)
        first = len(self.ids)
        pairs = self.index.candidates(keys, first)
        earlier = np.unique(pairs[:, 1])
        earlier = earlier[earlier < first]
        sets = _Sets(first, batch_grams, earlier, grams([self._text(number) for number in earlier]))
        bounds = np.searchsorted(pairs[:, 0], np.arange(first, first + len(batch) + 1))
        self._remember(batch, texts)
        twins: dict[int, RecordRow] = {}
        for i in range(len(batch)):
            for other in pairs[bounds[i] : bounds[i + 1], 1].tolist():
                # A copy of a copy is held against the first of them alone.
                if other - first not in twins and (likeness := sets.likeness(first + i, other)) >= self.least:
                    twins[i] = {
                        "duplicate_of": self.ids[other],
                        "duplicate_text": self._text(other),
                        "likeness": round(likeness, 4),
                    }
                    break
        kept = [i for i in range(len(batch)) if i not in twins]
        self.index.add(keys[kept], np.array(kept, dtype=np.uint32) + np.uint32(first))
        return twins

    def _remember(self, batch: Sequence[RecordRow], texts: Sequence[str]) -> None:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        self.store.seek(0, 2)
        self.store.write(b"".join(encoded))
        for row, text in zip(batch, encoded, strict=True):
            self.ids.append(str(row.get("id", "")))
            self.ends.append(self.ends[-1] + len(text))

    def _text(self, number: int) -> str:
        self.store.seek(self.ends[number])
        return self.store.read(self.ends[number + 1] - self.ends[number]).decode("utf-8", "surrogatepass")


class _Sets:
    """Grams of a batch and of the earlier texts it may copy; sorted sets are made when first compared."""

    def __init__(self, first: int, batch: Grams, earlier: np.ndarray, theirs: Grams) -> None:
        self.first = first
        self.batch = batch
        self.positions = {number: position for position, number in enumerate(earlier.tolist())}
        self.theirs = theirs
        self._sets: dict[int, np.ndarray] = {}

    def likeness(self, first: int, second: int) -> float:
        """Jaccard of two texts; 1 only where the folded texts are equal."""
        (these, i), (those, j) = self._find(first), self._find(second)
        if these.folded[i] == those.folded[j]:
            return 1.0
        return min(jaccard(self._set(first), self._set(second)), 0.9999)

    def _find(self, number: int) -> tuple[Grams, int]:
        here = number - self.first
        return (self.batch, here) if here >= 0 else (self.theirs, self.positions[number])

    def _set(self, number: int) -> np.ndarray:
        if number not in self._sets:
            texts, position = self._find(number)
            self._sets[number] = texts.set_of(position)
        return self._sets[number]
