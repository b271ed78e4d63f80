"""Starts processes that share a command's work: they end with it, whatever ends it, and do not run its script again."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import ModuleType
from typing import Any


@contextmanager
def started_apart() -> Iterator[None]:
    """Start processes inside the block that neither get Ctrl-C nor run the command's own script once more.

    This process tells them when to end. What they need lies in modules; a script may import seconds of what it is not
    used for, and one without a guard around what it does would do it again.
    """
    resource_tracker.ensure_running()  # it lets Ctrl-C through again when it starts, which it would do in the block
    script = sys.modules["__main__"]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def submit(pool: ProcessPoolExecutor, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Hand work to a pool, which starts a process apart where none is idle.

    Raises:
        BrokenProcessPool: one of its processes was ended from outside.
    """
    with started_apart():
        try:
            return pool.submit(work, *arguments)
        except OSError as error:
            if error.errno is None:  # the pool broke and closed its pipes while it started another process
                raise BrokenProcessPool(str(error)) from error
            raise


def end_with_parent() -> None:
    """Have this process end as soon as the one that started it is gone, by SIGKILL too."""
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
