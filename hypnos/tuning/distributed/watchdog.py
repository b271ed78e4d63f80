"""Ends ranks together: when one is killed, the others say so and end, whatever they wait in."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.plugins.environments import LightningEnvironment

from hypnos.errors import Interrupted
from hypnos.tuning.distributed.ranks import PARENT

started: list[subprocess.Popen] = []
"""Ranks that the first one started; the trainers of later stages go on with those of the first stage's."""

EVERY = 0.2
GRACE = 3.0
"""Seconds in which a rank that ends by itself says why, before another speaks for it."""

BROKEN = ("by peer", "Broken pipe", "gloo", "NCCL")
"""What errors of a broken connection between ranks hold; they come from several libraries, without a common type."""

STOPPED = 130

OBSERVER = "child-process-observer"
"""Name of the thread in which Lightning looks after the ranks it started, every five seconds.

There is no other way to know that it is there. Seen with pytorch-lightning 2.6.6; `test_watchdog.py` fails when the
thread has another name.
"""


def end_ranks() -> None:
    """End the ranks of an earlier run in this process: where it failed, they still wait for what will not come."""
    for rank in started:
        try:
            rank.wait(GRACE)
        except subprocess.TimeoutExpired:
            rank.kill()
            rank.wait()
    started.clear()


@contextmanager
def watched(trainer: Trainer) -> Iterator[None]:
    """End this process with one line and status 130 when, inside the block, another rank ends that is needed.

    Lightning kills the first rank without a word a few seconds after another has died, and leaves the others waiting
    for the first until a time-out of half an hour.

    Raises:
        Interrupted: the connection to another rank broke, though it still runs.
    """
    if trainer.world_size == 1 or not isinstance(_environment(trainer), LightningEnvironment):
        yield  # a launcher that started the ranks watches over them
        return
    over = threading.Event()
    threading.Thread(target=_watch, args=(trainer, over), daemon=True).start()
    try:
        yield
    except RuntimeError as error:
        if not any(mark in str(error) for mark in BROKEN):
            raise
        over.wait(2 * GRACE)  # the thread says who was lost, and ends this process
        raise Interrupted("the connection to another rank broke; the same command goes on") from error
    finally:
        over.set()


def _environment(trainer: Trainer) -> Any:
    return getattr(trainer.strategy, "cluster_environment", None)


def _watch(trainer: Trainer, over: threading.Event) -> None:
    while not over.wait(EVERY):
        lost, killed = _lost(trainer)
        if lost and (killed or not over.wait(GRACE)):
            print(f"error: {lost} has ended; the same command goes on from the last checkpoint", file=sys.stderr)
            sys.stderr.flush()
            os._exit(STOPPED)


def _lost(trainer: Trainer) -> tuple[str, bool]:
    """Which rank has ended, if one has, and whether a signal ended it."""
    if trainer.local_rank:
        return ("rank 0" if os.getppid() != PARENT else ""), False
    _take_over(trainer.strategy.launcher)
    for rank, process in enumerate(started, start=1):
        status = process.poll()
        if status not in (None, 0, STOPPED):
            return f"rank {rank} (process {process.pid})", status < 0
    return "", False


def _take_over(launcher: Any) -> None:
    """Watch the ranks in Lightning's stead: where its observer is the first to see a death, no line is printed.

    The observer ends once its list is empty. It is there only after all ranks were started, so none is missed.
    """
    ranks = getattr(launcher, "procs", [])  # later stages have no launcher: their ranks are there
    started.extend(rank for rank in ranks if rank not in started)
    if ranks and any(thread.name == OBSERVER for thread in threading.enumerate()):
        launcher.procs = list(ranks)  # to which signals are passed on
        ranks.clear()
