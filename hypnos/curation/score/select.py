"""Selects by the policy over stored scores who is kept (Fig. 2, step 4), without asking anybody."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from hypnos.corpus.decisions import STEP, decider
from hypnos.corpus.selection import Selection
from hypnos.curation.pipeline.block_work import BlockResult, BlockWork
from hypnos.curation.pipeline.rows import RowsOf, read_block
from hypnos.curation.pipeline.step import RecordRow, Reject, Step


class Select(Step):
    """The step `select`; another threshold reads the same scores again."""

    name = "select"
    selection: Selection

    def __init__(self, selection: Selection) -> None:
        """Take the policy."""
        self.selection = selection

    def key(self) -> dict[str, Any]:
        return self.selection.key()

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields what passes. The pipeline uses `block_work`, which leaves lines as they stand and is much faster."""
        decide = decider(self.selection, lambda: rows)
        for row in rows:
            reason = decide(row)
            if reason is None:
                yield row
            else:
                reject(row, reason)

    def block_work(self, source: Path) -> BlockWork:
        return SelectBlocks(self.selection, source)


class SelectBlocks(BlockWork):
    """Divides blocks of scored rows by a policy; lines stay as they stand, rejected ones get `step` and `reason`."""

    def __init__(self, selection: Selection, source: Path) -> None:
        """Take the policy, and the file of all rows, which is read where records are compared."""
        self.selection = selection
        self.source = source
        # What compares has read all rows first: that is done once, and what it knows cannot be sent.
        self.spread = not selection.compares
        self._decide: Callable[[RecordRow], str | None] | None = None

    def work(self, block: bytes) -> BlockResult:
        if self._decide is None:
            self._decide = decider(self.selection, lambda: RowsOf(self.source))
        result = BlockResult(len(block))
        kept: list[bytes] = []
        rejected: list[bytes] = []
        for line, row in read_block(block):
            reason = self._decide(row)
            if "step" in row or "reason" in row:  # decided before, on other terms
                line = orjson.dumps({key: value for key, value in row.items() if key not in ("step", "reason")})
            if reason is None:
                result.counts.keep(row)
                kept.append(line + b"\n")
            else:
                result.counts.rejected[reason] += 1
                step = row.get("step") if reason == row.get("reason") else STEP
                mark = orjson.dumps({"step": step or STEP, "reason": reason})
                rejected.append(line[:-1] + (b"," if len(line) > 2 else b"") + mark[1:] + b"\n")
        result.kept, result.rejected = b"".join(kept), b"".join(rejected)
        return result
