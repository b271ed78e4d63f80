"""Knows which of several processes this one is, and of which run."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytorch_lightning.utilities.rank_zero import rank_zero_only

SET_BY_LAUNCHER = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE")
_AT_START = {name: os.environ.get(name) for name in SET_BY_LAUNCHER}
"""What this process was started with: Lightning sets the same names for the ranks it starts."""

PARENT = os.getppid()
"""Process that started this one: of every rank that Lightning started, the first one of its machine."""

LED_BY = ".led-by"
"""In the folder of a stage that is being made: names of the run that makes it."""


def is_first_rank() -> bool:
    """Tell whether this process decides, writes and prints; the launcher says so in the environment."""
    return getattr(rank_zero_only, "rank", 0) == 0


@contextmanager
def leading(folder: Path) -> Iterator[None]:
    """Say in a folder that this run fills it, as long as the block takes; the first rank does, who holds its lock."""
    aside = folder / f"{LED_BY}.partial"
    aside.write_text("\n".join(sorted(run_names())), "utf-8")
    aside.replace(folder / LED_BY)
    try:
        yield
    finally:
        (folder / LED_BY).unlink(missing_ok=True)


def is_led(folder: Path) -> bool:
    """Tell whether this process's own run fills a folder, and not another one that wants the same stage."""
    try:
        leaders = set((folder / LED_BY).read_text("utf-8").splitlines())
    except FileNotFoundError:
        return False
    own = run_names()
    known = {name.partition(" ")[0] for name in own} & {name.partition(" ")[0] for name in leaders}
    return bool(own & leaders) or not known  # of a launcher that gives no names, ranks cannot be told apart


def run_names() -> set[str]:
    """What this process's run is called, each name after its kind; ranks of one run share a name, others none."""
    names = {
        "elastic": [os.environ.get(name) for name in ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT")],
        "slurm": [os.environ.get(name) for name in ("SLURM_JOB_ID", "SLURM_STEP_ID")],
        "address": [_AT_START["MASTER_ADDR"], _AT_START["MASTER_PORT"]],
    }
    own = {f"{kind} {' '.join(map(str, parts))}" for kind, parts in names.items() if None not in parts}
    if is_first_rank() or _AT_START["LOCAL_RANK"] is not None:  # Lightning's ranks are children of the first
        own.add(f"process {socket.gethostname()} {os.getpid() if is_first_rank() else PARENT}")
    return own


def started_ranks() -> int:
    """How many processes a launcher started for this run, Lightning's own included; 1 where there was none."""
    name = "SLURM_STEP_NUM_TASKS" if os.environ.get("LOCAL_RANK") is None else "WORLD_SIZE"  # the former is srun's
    return int(os.environ.get(name, 1))


def forget_ranks() -> None:
    """Undo what an earlier run in this process left: its ranks have ended, and the next run starts its own.

    Lightning takes these variables for those of a launcher outside, and would wait for ranks that never come
    (Lightning #11300). What this process was started with stays.
    """
    if _AT_START["LOCAL_RANK"] is not None:
        return
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    for name, value in _AT_START.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
