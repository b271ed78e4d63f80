"""Works through blocks in other processes of this machine, which stay from one step to the next."""

import multiprocessing
import pickle
import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from hypnos.child_processes import end_with_parent, submit
from hypnos.workers.workers import Work, WorkerKilled, Workers

AHEAD = 3
"""Blocks a process that are handed out before they are needed."""


class Processes(Workers):
    """So many processes; none is started before there are blocks for it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None
        self._folder: Path | None = None
        self._works = 0

    def spread(self, work: Work, blocks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each block with its result, in their order. The same command goes on where a worker was killed."""
        if self.count < 2:
            yield from super().spread(work, blocks)
            return
        file = self._write(work)
        pending: deque[tuple[Any, Future[Any]]] = deque()
        try:
            for block in blocks:
                pending.append((block, self._submit(file, block)))
                if len(pending) > AHEAD * self.count:
                    first, future = pending.popleft()
                    yield first, future.result()
            while pending:
                first, future = pending.popleft()
                yield first, future.result()
        except BrokenProcessPool as error:
            self.close()
            raise WorkerKilled(
                "a worker process was killed, perhaps for want of memory; the same command goes on"
            ) from error
        finally:
            for _, future in pending:
                future.cancel()
            Path(file).unlink(missing_ok=True)

    def _write(self, work: Work) -> str:
        """What is to be done lies in a file: a process takes it up once, and not with each block."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="hypnos-"))
        self._works += 1
        file = self._folder / f"{self._works}.pickle"
        with file.open("wb") as stream:
            pickle.dump(work, stream, protocol=pickle.HIGHEST_PROTOCOL)
        return str(file)

    def _submit(self, file: str, block: Any) -> Future[Any]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, context, initializer=end_with_parent)
        return submit(self._pool, _do, file, block)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


_TAKEN: dict[str, Work] = {}
"""Of a worker process: what it does at present, by the file that it lay in."""


def _do(file: str, block: Any) -> Any:
    if file not in _TAKEN:
        _TAKEN.clear()
        with Path(file).open("rb") as stream:
            _TAKEN[file] = pickle.load(stream)
    return _TAKEN[file].work(block)
