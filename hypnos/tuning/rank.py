"""Which of several processes this one is."""

import os

from pytorch_lightning.utilities.rank_zero import rank_zero_only

SET_BY_LAUNCHER = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE")
_AT_START = {name: os.environ.get(name) for name in SET_BY_LAUNCHER}


def is_first_rank() -> bool:
    """Tell whether this process decides, writes and prints; the launcher says so in the environment."""
    return getattr(rank_zero_only, "rank", 0) == 0


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
