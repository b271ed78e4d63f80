"""Reads rows of files in blocks: they are parsed in one process, and become records in several."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hypnos.corpus.files import file_sizes, read_rows
from hypnos.corpus.formats import FileRow
from hypnos.corpus.records import Unusable
from hypnos.curation.generate.row_maker import RowMaker, Tally
from hypnos.curation.pipeline.block_work import BlockResult, BlockWork
from hypnos.curation.pipeline.rows import sift_rows
from hypnos.curation.pipeline.step import RecordRow, Reject

ROWS = 1000
"""Rows of a block."""


@dataclass(slots=True)
class MadeRows:
    """What became of a block.

    Attributes:
        result: its records and unusable rows.
        left_out: of its records, by name, in the order in which it was met.
        faults: place and fault of its first unusable row, if there is one.
    """

    result: BlockResult
    left_out: Counter[str]
    faults: list[str]


class ReadBlocks(BlockWork):
    """The step `read`, block by block; `read` counts rows."""

    unit = " rows"

    def __init__(self, path: str, encoding: str, maker: RowMaker, max_rejected: float) -> None:
        self.path, self.encoding, self.maker = path, encoding, maker
        self.tally = Tally(max_rejected)

    def size(self, source: Path) -> None:
        return None

    def weight(self, source: Path) -> int:
        return sum(size or 0 for size in file_sizes(self.path).values())

    def blocks(self, source: Path, start: int) -> Iterator[Sequence[FileRow]]:
        rows = islice(read_rows(self.path, encoding=self.encoding), start, None)
        while block := list(islice(rows, ROWS)):
            yield block

    def work(self, block: Sequence[FileRow]) -> MadeRows:
        left_out: Counter[str] = Counter()
        faults: list[str] = []

        def note(what: str, count: int) -> None:
            left_out[what] += count

        def sift(rows: Iterable[FileRow], reject: Reject) -> Iterator[RecordRow]:
            for row in rows:
                try:
                    yield from self.maker.rows(row, note)
                except Unusable as reason:
                    faults.append(f"{row[0]}: {reason}")
                    reject({"id": row[0], "detail": str(reason)}, "unusable")

        return MadeRows(sift_rows(block, "read", sift, read=len(block)), left_out, faults[:1])

    def join(self, block: Any, worked: MadeRows) -> Iterator[BlockResult]:
        tally, result = self.tally, worked.result
        before = Counter(tally.left_out)
        for what, count in worked.left_out.items():
            tally.note(what, count)
        tally.seen += result.read
        tally.refused += result.counts.rejected.total()
        tally.first = tally.first or "".join(worked.faults)
        if new := tally.left_out - before:
            result.notes = {"left_out": new}
        yield result

    def finish(self) -> Iterator[BlockResult]:
        self.tally.check()
        return iter(())

    def save(self) -> dict[str, Any]:
        return {name: getattr(self.tally, name) for name in ("seen", "refused", "first", "left_out", "fields")}

    def resume(self, saved: dict[str, Any]) -> None:
        self.tally = Tally(self.tally.most, **saved | {"left_out": Counter(saved["left_out"])})
