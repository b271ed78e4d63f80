"""Writes to the journal from an event loop; what waits together is committed together."""

import asyncio
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from hypnos.llm.journal.journal import Journal

T = TypeVar("T")

_AT_ONCE = 512

_APART = 0.01
"""Seconds from one commit to the next, at least: a disk that is fast would be given a few replies at a time, and each
commit takes time from the loop."""


class Writer:
    """A thread that runs small pieces of work inside shared transactions.

    One commit a reply would wait for the disk each time; while one group is being synced, or is just behind, the next
    one gathers.
    """

    def __init__(self, journal: Journal, loop: asyncio.AbstractEventLoop) -> None:
        self._journal = journal
        self._loop = loop
        self._queue: queue.SimpleQueue[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future] | None]
        self._queue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction; returns when that is committed."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._queue.put((work, done))
        return await done

    def close(self) -> None:
        """Finish what is queued and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        committed = -math.inf
        while going:
            group = [self._queue.get()]
            time.sleep(max(0.0, committed + _APART - time.monotonic()))
            while len(group) < _AT_ONCE:
                try:
                    group.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            going = None not in group
            self._commit([entry for entry in group if entry is not None])
            committed = time.monotonic()
        self._journal.close()

    def _commit(self, group: list[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future]]) -> None:
        if not group:
            return
        results: list[tuple[asyncio.Future, Any, BaseException | None]] = []
        try:
            with self._journal.transaction() as connection:
                results = [(done, *_run_alone(work, connection)) for work, done in group]
        except BaseException as error:
            results = [(done, None, error) for _, done in group]
        self._loop.call_soon_threadsafe(_resolve, results)


def _run_alone(
    work: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection
) -> tuple[Any, BaseException | None]:
    """Run one piece of work so that its failure undoes nothing but itself.

    Raises:
        sqlite3.OperationalError: the disk is full, or the like: nothing of the group can be kept.
    """
    connection.execute("SAVEPOINT work")
    try:
        result = work(connection)
    except sqlite3.OperationalError:
        raise
    except Exception as error:
        connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")
        return None, error
    connection.execute("RELEASE work")
    return result, None


def _resolve(results: list[tuple[asyncio.Future, Any, BaseException | None]]) -> None:
    for done, result, error in results:
        if done.cancelled():
            continue
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)
