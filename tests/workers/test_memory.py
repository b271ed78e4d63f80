import os
import platform
import subprocess
import sys

import pytest

FREED = """
import os

import torch

from hypnos.workers.memory import free_memory

def megabytes():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20

small, last = [torch.ones(20_000) for _ in range(5_000)], None
last = torch.ones(20_000)  # lies above them, so that the heap cannot end before it
taken = megabytes()
del small
kept = megabytes()
free_memory()
print(taken, kept, megabytes())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what another libc keeps is not given back")
def test_what_a_model_took_is_given_back():
    """400 MB in blocks that glibc keeps when they are freed."""
    environment = {**os.environ, "GLIBC_TUNABLES": "", "MALLOC_ARENA_MAX": "1"}
    run = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True, env=environment)
    taken, kept, left = map(int, run.stdout.split())
    assert taken - kept < 100 and kept - left > 300
