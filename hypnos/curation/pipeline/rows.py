"""Reads and writes rows as lines, and divides a block of rows each of which is decided alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from hypnos.curation.pipeline.blocks import BlockResult
from hypnos.curation.pipeline.step import RecordRow, Reject
from hypnos.errors import UserError

Sift = Callable[[Sequence[RecordRow], Reject], Iterable[RecordRow]]
"""Yields what is kept of some rows, and hands to its second argument what is not."""


def sift_block(block: bytes, step: str, sift: Sift) -> BlockResult:
    """Divide the rows of a block as a step's `run` would; `step` is its name, for the rejected rows."""
    result = BlockResult(len(block))
    rejected: list[bytes] = []

    def reject(row: RecordRow, reason: str) -> None:
        result.counts.rejected[reason] += 1
        rejected.append(to_line({**row, "step": step, "reason": reason}))

    kept: list[bytes] = []
    for row in sift([row for _, row in read_block(block)], reject):
        result.counts.keep(row)
        kept.append(to_line(row))
    result.kept, result.rejected = b"".join(kept), b"".join(rejected)
    return result


@dataclass(frozen=True, slots=True)
class RowsOf:
    """The rows of a file, read afresh by each loop."""

    path: Path

    def __iter__(self) -> Iterator[RecordRow]:
        with self.path.open("rb") as stream:
            for line in stream:
                yield orjson.loads(line)


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
