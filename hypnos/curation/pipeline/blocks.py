"""Runs a step over its rows block by block: by several workers, and from where a killed run had come.

The main process reads blocks and hands them to workers; what they make of them is joined in the order of the file, so
that the same bytes are written whatever the number of workers, and wherever they work.
"""

import logging
import os
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from tqdm import tqdm

from hypnos.curation.pipeline.block_work import BLOCK, BlockResult, BlockWork
from hypnos.curation.pipeline.counts import StepCounts
from hypnos.workers.workers import HERE, Workers

log = logging.getLogger(__name__)

KEPT, REJECTED = "kept.jsonl", "rejected.jsonl"
PROGRESS = "progress.json"

WORTH = 8 * BLOCK
"""A smaller file is not worth the second that it takes to start other processes."""

SAVED = 5.0
"""Seconds between two notes of how far a step has come: a killed run repeats no more."""

SHOWN = 30.0
"""Seconds between two lines of progress where there is no terminal for a bar."""


def run_blocks(name: str, work: BlockWork, source: Path, folder: Path, *, workers: Workers = HERE) -> BlockResult:
    """Write what a step keeps and rejects, and add up its counts.

    Args:
        name: of the step, for what is shown.
        work: what it does.
        source: a file of lines, or what `work` knows how to divide.
        folder: where `kept.jsonl` and `rejected.jsonl` are written, or are found as a killed run left them.
        workers: who works, where there is enough to do for more than this process.

    Raises:
        UserError: a worker was killed; or see the step.
    """
    with _Written(folder, work) as written:
        size = work.size(source)
        total, shown = written.total, _Shown(name, work.unit, read=written.total.read, size=size)
        left = work.weight(source) - (total.read if size is not None else 0)
        chosen = workers if work.spread and left >= WORTH else HERE
        for block, worked in chosen.spread(work, work.blocks(source, total.read)):
            for result in work.join(block, worked):
                written.add(result)
            shown.at(total.read)
        for result in work.finish():
            written.add(result)
        shown.close()
    work.end()
    (folder / PROGRESS).unlink(missing_ok=True)
    return total


class _Written:
    """The two files of a step, with a note of how far they have come that is never ahead of them.

    A run may be stopped within a result: what is noted is always the state after the last whole one.
    """

    def __init__(self, folder: Path, work: BlockWork) -> None:
        self.folder = folder
        self.work = work
        self.total = BlockResult(0)
        self._sizes = {KEPT: 0, REJECTED: 0}
        self._state: dict[str, Any] = {}
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
            self._state = saved
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
        self._state = {
            **{"sizes": dict(self._sizes), "read": self.total.read, "counts": self.total.counts.plain()},
            **{"notes": {name: dict(counts) for name, counts in self.total.notes.items()}, "work": self.work.save()},
        }
        if time.monotonic() - self._noted >= SAVED:
            self._note()

    def _note(self) -> None:
        for stream in self._streams.values():
            stream.flush()
            os.fsync(stream.fileno())
        aside = self.folder / f"{PROGRESS}.new"
        aside.write_bytes(orjson.dumps(self._state))
        aside.replace(self.folder / PROGRESS)
        self._noted = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is not None and self._state:
            self._note()
        for stream in self._streams.values():
            stream.close()


class _Shown:
    """How far a step has come: a bar in a terminal, a line now and then elsewhere."""

    def __init__(self, name: str, unit: str, *, read: int, size: int | None) -> None:
        bar = partial(tqdm, unit=unit, unit_scale=True, disable=None, dynamic_ncols=True, leave=False)
        self.name, self.unit, self.size, self.first = name, unit, size, read
        self.bar = bar(desc=name, total=size, initial=read)
        self.begun = self.told = time.monotonic()

    def at(self, read: int) -> None:
        self.bar.update(read - self.bar.n if not self.bar.disable else 0)
        now = time.monotonic()
        if self.bar.disable and now - self.told >= SHOWN and read > self.first:
            if self.size is None:
                log.info("%s: %s%s", self.name, f"{read:,}", self.unit)
            else:
                left = (now - self.begun) * (self.size - read) / (read - self.first)
                log.info("%s: %d %%, %s left", self.name, 100 * read // self.size, tqdm.format_interval(left))
            self.told = now

    def close(self) -> None:
        self.bar.close()
