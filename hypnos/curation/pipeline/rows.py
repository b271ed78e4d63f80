"""Reads and writes rows as lines, and divides a block of rows each of which is decided alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from hypnos.curation.pipeline.block_work import BlockResult
from hypnos.curation.pipeline.step import RecordRow, Reject
from hypnos.errors import UserError

Sift = Callable[[Sequence[Any], Reject], Iterable[RecordRow]]
"""Yields what is kept of some rows, and hands to its second argument what is not."""


def sift_block(block: bytes, step: str, sift: Sift) -> BlockResult:
    """Divide the rows of a block as a step's `run` would; `step` is its name, for the rejected rows."""
    return sift_rows([row for _, row in read_block(block)], step, sift, read=len(block))


def sift_rows(rows: Sequence[Any], step: str, sift: Sift, *, read: int) -> BlockResult:
    """The same for rows in whatever form `sift` takes; `read` is what they count for."""
    result = BlockResult(read)
    rejected: list[bytes] = []

    def reject(row: RecordRow, reason: str) -> None:
        result.counts.rejected[reason] += 1
        rejected.append(to_line({**row, "step": step, "reason": reason}))

    kept: list[bytes] = []
    for row in sift(rows, reject):
        result.counts.keep(row)
        kept.append(to_line(row))
    result.kept, result.rejected = b"".join(kept), b"".join(rejected)
    return result


@dataclass(frozen=True, slots=True)
class RowsOf:
    """The rows of a file, read afresh by each loop."""

    path: Path

    def __iter__(self) -> Iterator[RecordRow]:
        return self.every(1)

    def __len__(self) -> int:
        with self.path.open("rb") as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))

    def every(self, step: int) -> Iterator[RecordRow]:
        """The first of each `step` rows; the others are not parsed."""
        with self.path.open("rb") as stream:
            for line in islice(stream, 0, None, step):
                yield orjson.loads(line)


def evenly(rows: Iterable[RecordRow], most: int, *, least: int = 0) -> tuple[Iterator[RecordRow], int]:
    """Rows evenly out of all, at most so many; and one of how many each is.

    Args:
        rows: an iterable that begins anew.
        most: rows wanted.
        least: rows below which there are none, and the second number is 0.
    """
    count = len(rows) if isinstance(rows, Sized) else sum(1 for _ in rows)
    if count < max(least, 1):
        return iter(()), 0
    step = -(-count // most)
    return (rows.every(step) if isinstance(rows, RowsOf) else islice(rows, 0, None, step)), step


def read_block(block: bytes) -> Iterator[tuple[bytes, RecordRow]]:
    """Each line of a block without its end, and the row that it holds.

    Raises:
        UserError: it holds none; the file was damaged since it was written.
    """
    for line in block.splitlines():
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise UserError(f"not JSON: {error}: {line[:80].decode(errors='replace')}") from error
        if not isinstance(row, dict):
            raise UserError(f"a record must be an object: {line[:80].decode(errors='replace')}")
        yield line, row


def to_line(row: RecordRow) -> bytes:
    """A row as a line of JSON.

    Raises:
        UserError: JSON cannot hold it.
    """
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except (orjson.JSONEncodeError, TypeError) as error:
        raise UserError(f"record {row.get('id')}: cannot be written: {error}") from error
