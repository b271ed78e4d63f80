"""Runs a step over a file of rows block by block: on several processes, and from where a killed run had come.

The main process reads blocks of lines and hands them to workers; what they make of them is joined in the order of the
file, so that the same bytes are written whatever the number of workers.
"""

import logging
import multiprocessing
import os
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson
from tqdm import tqdm

from hypnos.curation.pipeline.counts import StepCounts
from hypnos.errors import UserError

log = logging.getLogger(__name__)

KEPT, REJECTED = "kept.jsonl", "rejected.jsonl"
PROGRESS = "progress.json"

BLOCK = 1 << 20
"""Bytes of a block, and what its last line has more."""

WORTH = 8 * BLOCK
"""A smaller file is not worth the second that it takes to start other processes."""

SAVED = 5.0
"""Seconds between two notes of how far a step has come: a killed run repeats no more."""

SHOWN = 30.0
"""Seconds between two lines of progress where there is no terminal for a bar."""


@dataclass(slots=True)
class BlockResult:
    """What became of some lines.

    Attributes:
        read: bytes of the file that these lines took.
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


class BlockWork(ABC):
    """What a step does with blocks of lines. It is sent to workers, so it must pickle.

    Attributes:
        spread: whether several processes may work.
    """

    spread: bool = True

    @abstractmethod
    def work(self, block: bytes) -> Any:
        """In any process and any order: what needs no other block."""

    def join(self, block: bytes, worked: Any) -> Iterator[BlockResult]:
        """In the main process and in order: what is to be written; a block may also be held back for the next one."""
        yield worked

    def finish(self) -> Iterator[BlockResult]:
        """What was held back, after the last block."""
        return iter(())

    def begin(self, folder: Path) -> None:  # noqa: B027
        """Make files that are needed beside those written, in the step's folder."""

    def save(self) -> dict[str, Any]:
        """What `resume` needs, as plain values."""
        return {}

    def resume(self, saved: dict[str, Any]) -> None:  # noqa: B027
        """Take up what `save` had returned."""

    def end(self) -> None:  # noqa: B027
        """Remove what `begin` made."""


def run_blocks(name: str, work: BlockWork, source: Path, folder: Path, *, workers: int) -> BlockResult:
    """Write what a step keeps and rejects of a file, and add up its counts.

    Args:
        name: of the step, for what is shown.
        work: what it does.
        source: lines.
        folder: where `kept.jsonl` and `rejected.jsonl` are written, or are found as a killed run left them.
        workers: processes that work; 1: none but this one.

    Raises:
        UserError: a worker was killed; or see the step.
    """
    with _Written(folder, work) as written:
        size = source.stat().st_size
        total, shown = written.total, _Shown(name, written.total.read, size)
        processes = workers if work.spread and size - total.read >= WORTH else 1
        with source.open("rb") as stream:
            stream.seek(total.read)
            for block, worked in _worked(work, _blocks(stream), processes):
                for result in work.join(block, worked):
                    written.add(result)
                shown.at(total.read)
            for result in work.finish():
                written.add(result)
        shown.close()
    work.end()
    (folder / PROGRESS).unlink(missing_ok=True)
    return total


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block + stream.readline() if not block.endswith(b"\n") else block


def _worked(work: BlockWork, blocks: Iterator[bytes], processes: int) -> Iterator[tuple[bytes, Any]]:
    """Each block with what was made of it, in their order."""
    if processes <= 1:
        for block in blocks:
            yield block, work.work(block)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_take, initargs=(work,))
    under_way: deque[tuple[bytes, Future[Any]]] = deque()
    try:
        for block in blocks:
            under_way.append((block, pool.submit(_do, block)))
            if len(under_way) > 2 * processes:
                first, future = under_way.popleft()
                yield first, future.result()
        for first, future in under_way:
            yield first, future.result()
    except BrokenProcessPool as error:
        raise UserError("a worker process was killed, perhaps for want of memory; the same command goes on") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_WORK: list[BlockWork] = []
"""Of a worker process."""


def _take(work: BlockWork) -> None:
    _WORK[:] = [work]


def _do(block: bytes) -> Any:
    return _WORK[0].work(block)


class _Written:
    """The two files of a step, with a note of how far they have come that is never ahead of them."""

    def __init__(self, folder: Path, work: BlockWork) -> None:
        self.folder = folder
        self.work = work
        self.total = BlockResult(0)
        self._sizes = {KEPT: 0, REJECTED: 0}
        self._noted = time.monotonic()

    def __enter__(self) -> "_Written":
        note = self.folder / PROGRESS
        saved: dict[str, Any] = orjson.loads(note.read_bytes()) if note.is_file() else {}
        self._sizes |= saved.get("sizes", {})
        self._streams = {name: (self.folder / name).open("ab") for name in self._sizes}
        for name, stream in self._streams.items():
            stream.truncate(self._sizes[name])
        self.work.begin(self.folder)
        if saved:
            notes = {name: Counter(counts) for name, counts in saved["notes"].items()}
            self.total = BlockResult(saved["read"], counts=StepCounts.read(saved["counts"]), notes=notes)
            self.work.resume(saved["work"])
            log.info("goes on where it was stopped")
        return self

    def add(self, result: BlockResult) -> None:
        for name, lines in ((KEPT, result.kept), (REJECTED, result.rejected)):
            self._streams[name].write(lines)
            self._sizes[name] += len(lines)
        self.total.read += result.read
        self.total.counts.add(result.counts)
        for name, counts in result.notes.items():
            self.total.notes.setdefault(name, Counter()).update(counts)
        if time.monotonic() - self._noted >= SAVED:
            self._note()

    def _note(self) -> None:
        for stream in self._streams.values():
            stream.flush()
            os.fsync(stream.fileno())
        total = self.total
        content = {
            **{"sizes": self._sizes, "read": total.read, "counts": total.counts.plain(), "notes": total.notes},
            "work": self.work.save(),
        }
        aside = self.folder / f"{PROGRESS}.new"
        aside.write_bytes(orjson.dumps(content))
        aside.replace(self.folder / PROGRESS)
        self._noted = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is not None and self.total.read:
            self._note()
        for stream in self._streams.values():
            stream.close()


class _Shown:
    """How far a step has come: a bar in a terminal, a line now and then elsewhere."""

    def __init__(self, name: str, read: int, size: int) -> None:
        bar = partial(tqdm, unit="B", unit_scale=True, disable=None, dynamic_ncols=True, leave=False)
        self.name, self.size, self.first = name, size, read
        self.bar = bar(desc=name, total=size, initial=read)
        self.begun = self.told = time.monotonic()

    def at(self, read: int) -> None:
        self.bar.update(read - self.bar.n if not self.bar.disable else 0)
        now = time.monotonic()
        if self.bar.disable and now - self.told >= SHOWN and read > self.first:
            left = (now - self.begun) * (self.size - read) / (read - self.first)
            log.info("%s: %d %%, %s left", self.name, 100 * read // self.size, tqdm.format_interval(left))
            self.told = now

    def close(self) -> None:
        self.bar.close()
