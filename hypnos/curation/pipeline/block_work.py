"""Defines what a step does with a block of rows, in whatever process, and what it makes of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypnos.curation.pipeline.counts import StepCounts
from hypnos.workers.workers import Work

BLOCK = 1 << 20
"""Bytes of a block, and what its last line has more."""


@dataclass(slots=True)
class BlockResult:
    """What became of some lines.

    Attributes:
        read: bytes of the file that these lines took; rows where `BlockWork.blocks` divides rows.
        kept: lines to write, whole.
        rejected: likewise.
        counts: of the rows.
        notes: numbers that the step adds up besides, by name.
    """

    read: int
    kept: bytes = b""
    rejected: bytes = b""
    counts: StepCounts = field(default_factory=StepCounts)
    notes: dict[str, Counter[str]] = field(default_factory=dict)


class BlockWork(Work):
    """What a step does with blocks of its rows.

    Attributes:
        spread: whether several processes may work.
        unit: of what is read: bytes, or rows.
    """

    spread: bool = True
    unit: str = "B"

    def size(self, source: Path) -> int | None:
        """All that is to be read, as `BlockResult.read` counts it; None: not known before it is read."""
        return source.stat().st_size

    def weight(self, source: Path) -> int:
        """Bytes of all that is to be read: whether other processes are worth the time they take to start."""
        return source.stat().st_size

    def blocks(self, source: Path, start: int) -> Iterator[Any]:
        """Divide what is to be read, without what `start` counts: here a file into whole lines of a megabyte."""
        with source.open("rb") as stream:
            stream.seek(start)
            while block := stream.read(BLOCK):
                yield block + stream.readline() if not block.endswith(b"\n") else block

    def join(self, block: Any, worked: Any) -> Iterator[BlockResult]:
        """In the main process and in order: what is to be written; a block may also be held back for the next one."""
        yield worked

    def finish(self) -> Iterator[BlockResult]:
        """What was held back, after the last block."""
        return iter(())

    def begin(self, folder: Path) -> None:
        """Make files that are needed beside those written, in the step's folder."""

    def save(self) -> dict[str, Any]:
        """What `resume` needs, as plain values."""
        return {}

    def resume(self, saved: dict[str, Any]) -> None:
        """Take up what `save` had returned."""

    def end(self) -> None:
        """Remove what `begin` made."""
