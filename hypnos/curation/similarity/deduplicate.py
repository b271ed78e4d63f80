"""Drops copies: exact ones after folding, and near ones, measured on character trigrams; the first of them stays."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from hypnos.artefacts.ranges import Range, Seed
from hypnos.corpus.files import path_key, read_rows
from hypnos.corpus.likeness.ngrams import CHARACTERS, ROWS, batches, grams
from hypnos.curation.pipeline.block_work import BlockResult, BlockWork
from hypnos.curation.pipeline.rows import read_block, to_line
from hypnos.curation.pipeline.step import RecordRow, Reject, Step
from hypnos.curation.similarity.minhash_index import MinHashIndex, Pairs
from hypnos.curation.similarity.seen_records import Comparison, SeenRecords
from hypnos.errors import UserError

VERSION = 2
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
        self.comparison = Comparison(FIELDS[on], jaccard)
        self.against = tuple(against)
        self.seed = seed

    def key(self) -> dict[str, Any]:
        against = [path_key(path) for path in self.against]
        return {"version": VERSION, "on": self.on, "jaccard": self.jaccard, "against": against, "seed": self.seed}

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yield the first of all copies, in the order of the rows; those of `against` come before all.

        Reasons: `duplicate` for the same text after folding, `near_duplicate`. A rejected row also has
        `duplicate_of`, `duplicate_text` and `likeness`.
        """
        with closing(self.seen()) as seen:
            for batch, texts in batches(rows, self.comparison.text_of):
                for row in batch:
                    seen.write(row)
                twins = seen.sift(seen.index.keys(grams(texts)))
                for number, row in enumerate(batch):
                    if number not in twins:
                        yield row
                    else:
                        reject(row | twins[number], reason_of(twins[number]))

    def seen(self, folder: Path | None = None, source: IO[bytes] | None = None) -> SeenRecords:
        """Remembers what stands in the files of `against`."""
        seen = SeenRecords(self.comparison, seed=self.seed, folder=folder, source=source)
        for path in self.against:
            pool = (dict(row) for _, row in read_rows(path) if isinstance(row, Mapping))
            for batch, texts in batches(pool, self.comparison.text_of):
                for row in batch:
                    seen.write(row)
                seen.sift(seen.index.keys(grams(texts)))
        return seen

    def block_work(self, source: Path) -> BlockWork:
        return DeduplicateBlocks(self, source)


def reason_of(twin: Mapping[str, Any]) -> str:
    """Why a row is rejected that has such a twin."""
    return "duplicate" if twin["likeness"] == 1.0 else "near_duplicate"


KEYS = "keys.npy"
"""Keys of the kept records, for a run that goes on; removed at the end."""


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """What is known of some rows.

    Attributes:
        labels: author and topic.
        keys: `(rows, keys)`, see `MinHashIndex.keys`.
    """

    labels: list[tuple[str, str]]
    keys: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class KeyedBlock(KeyedRows):
    """The same of the rows of a block.

    Attributes:
        lengths: the characters that are compared.
    """

    lengths: list[int]


class DeduplicateBlocks(BlockWork):
    """Workers make the keys of records; whether they meet, the main process looks, in the order of the rows.

    Batches are held back while older records lie in files, and looked up there together.
    """

    def __init__(self, step: Deduplicate, source: Path) -> None:
        self.step = step
        self.source = source

    def __reduce__(self) -> tuple[Any, ...]:
        return DeduplicateBlocks, (self.step, self.source)  # workers have no use for the rest

    def work(self, block: bytes) -> KeyedBlock:
        texts: list[str] = []
        labels: list[tuple[str, str]] = []
        same: dict[tuple[str, str], tuple[str, str]] = {}  # few labels are held, however many rows have them
        for _, row in read_block(block):
            texts.append(self.step.comparison.text_of(row))
            label = (row.get("author") or "", row.get("topic") or "")
            labels.append(same.setdefault(label, label))
        keys = MinHashIndex(seed=self.step.seed).keys(grams(texts))
        return KeyedBlock(labels, keys, [len(text) for text in texts])

    def begin(self, folder: Path) -> None:
        self._keys = (folder / KEYS).open("a+b")
        self._rows, self._lines = self.source.open("rb"), self.source.open("rb")
        self._seen = self.step.seen(folder, self._rows)
        self._read = 0
        self._characters = 0
        self._parts: list[KeyedRows] = []
        self._batches: list[KeyedRows] = []

    def join(self, block: bytes, worked: KeyedBlock) -> Iterator[BlockResult]:
        # Batches end where those of `run` do, so that both look at the same candidates.
        begun, rows = 0, sum(map(len, self._parts))
        for number, length in enumerate(worked.lengths, 1):
            rows += 1
            self._characters += length
            if rows == ROWS or self._characters >= CHARACTERS:
                self._parts.append(KeyedRows(worked.labels[begun:number], worked.keys[begun:number]))
                begun, rows = number, 0
                self._end_batch()
                if not self._seen.index.has_settled or self._seen.settles_after(sum(map(len, self._batches))):
                    yield from self._sift_batches()
        self._parts.append(KeyedRows(worked.labels[begun:], worked.keys[begun:]))

    def _end_batch(self) -> None:
        labels = [label for part in self._parts for label in part.labels]
        self._batches.append(KeyedRows(labels, np.concatenate([part.keys for part in self._parts])))
        self._parts, self._characters = [], 0

    def finish(self) -> Iterator[BlockResult]:
        if any(map(len, self._parts)):
            self._end_batch()
        yield from self._sift_batches()

    def _sift_batches(self) -> Iterator[BlockResult]:
        settled = None
        if self._batches and self._seen.index.has_settled:
            settled = self._seen.look_back(np.concatenate([batch.keys for batch in self._batches]))
        batches, self._batches = self._batches, []
        for batch in batches:
            yield self._sift(batch, settled)

    def _sift(self, batch: KeyedRows, settled: Pairs | None) -> BlockResult:
        """Divide the next lines of the file."""
        lines = self._next_lines(len(batch))
        twins = self._seen.sift(batch.keys, settled)
        result = BlockResult(sum(map(len, lines)))
        result.counts.keep_all(label for number, label in enumerate(batch.labels) if number not in twins)
        result.kept = b"".join(line for number, line in enumerate(lines) if number not in twins)
        rejected: list[bytes] = []
        for number, twin in twins.items():
            reason = reason_of(twin)
            result.counts.rejected[reason] += 1
            rejected.append(to_line(orjson.loads(lines[number]) | twin | {"step": self.step.name, "reason": reason}))
        result.rejected = b"".join(rejected)
        stays = np.ones(len(batch), dtype=bool)
        stays[list(twins)] = False
        np.save(self._keys, stays)
        np.save(self._keys, batch.keys[stays])
        return result

    def _next_lines(self, count: int) -> list[bytes]:
        """Lines of the file after those that were taken; they are taken now."""
        lines = list(itertools.islice(self._lines, count))
        ends = self._read + np.cumsum([len(line) for line in lines])
        self._seen.point([self._read, *ends[:-1]])
        self._read = int(ends[-1])
        return lines

    def save(self) -> dict[str, Any]:
        self._keys.flush()
        return {"keys": self._keys.tell()}

    def resume(self, saved: dict[str, Any]) -> None:
        self._keys.truncate(saved["keys"])
        self._keys.seek(0)
        while self._keys.tell() < saved["keys"]:
            stays = np.load(self._keys)
            self._next_lines(len(stays))
            self._seen.take(stays, np.load(self._keys))

    def end(self) -> None:
        for file in (self._rows, self._lines, self._keys, self._seen):
            file.close()
        Path(self._keys.name).unlink()
