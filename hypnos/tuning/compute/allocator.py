"""Keeps memory that one step frees for the next, which asks for it again."""

import ctypes
import os

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""Names of glibc's `mallopt`."""

LARGEST = 2**30
"""Bytes of a block that is kept when it is freed; larger ones, as of a whole model's weights, go back at once."""


def keep_freed_blocks() -> bool:
    """Have glibc keep large blocks for the next who asks, where it would return each to the system.

    The system hands memory out page by page and clears it first: a gradient of 50 MB, made anew at every step, costs
    12,000 page faults. On a CPU a twentieth of the time is spent on them; elsewhere it is of no account.

    Returns:
        Whether it does; not where there is no glibc, or where the environment has its own settings for it.
    """
    if any(name in os.environ for name in ("GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST)) and bool(mallopt(TRIM_THRESHOLD, LARGEST))
