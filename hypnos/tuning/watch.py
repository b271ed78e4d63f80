"""Ranks that live and end together: when one is killed, the others say so and end, whatever they wait in."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pytorch_lightning import Trainer

from hypnos.corpus.errors import Interrupted
from hypnos.tuning.rank import is_first_rank

LEADER = os.getppid()
"""Process that started this one: of every rank but the first, the first rank."""

EVERY = 0.2
GRACE = 3.0
"""Seconds in which a rank that ends by itself says why, before another speaks for it."""

BROKEN = ("by peer", "Broken pipe", "gloo", "NCCL")
"""What errors of a broken connection between ranks hold; they come from several libraries, without a common type."""

STOPPED = 130


@contextmanager
def watched(trainer: Trainer) -> Iterator[None]:
    """End this process with one line and status 130 when, inside the block, another rank ends that is needed.

    Lightning kills the first rank without a word a few seconds after another has died, and leaves the others waiting
    for the first until a time-out of half an hour.

    Raises:
        Interrupted: the connection to another rank broke, though it still runs.
    """
    if trainer.world_size == 1 or trainer.strategy.cluster_environment.creates_processes_externally:  # type: ignore[attr-defined]
        yield  # who started the ranks watches over them
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


def _watch(trainer: Trainer, over: threading.Event) -> None:
    while not over.wait(EVERY):
        lost, killed = _lost(trainer)
        if lost and (killed or not over.wait(GRACE)):
            print(f"error: {lost} has ended; the same command goes on from the last checkpoint", file=sys.stderr)
            sys.stderr.flush()
            os._exit(STOPPED)


def _lost(trainer: Trainer) -> tuple[str, bool]:
    """Which rank has ended, if one has, and whether a signal ended it."""
    if not is_first_rank():
        return ("rank 0" if os.getppid() != LEADER else ""), False
    ranks = getattr(trainer.strategy.launcher, "procs", [])
    for rank, process in enumerate(ranks, start=1):
        status = process.poll()
        if status not in (None, 0, STOPPED):
            return f"rank {rank} (process {process.pid})", status < 0
    return "", False
