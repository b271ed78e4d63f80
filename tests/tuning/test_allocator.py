"""A block that is freed and asked for again is not fetched from the system anew."""

import os
import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, torch
from hypnos.tuning.allocator import keep_freed_blocks
print(keep_freed_blocks())
def fill():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first = fill()
fill()  # a place of its own may be found for it once more
print(first, *(fill() for _ in range(4)))
"""


def run(**settings):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=clean | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, faults = done.stdout.splitlines()
    return said == "True", [int(count) for count in faults.split()]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_a_freed_block_is_kept():
    kept, (first, *later) = run()
    assert kept
    assert max(later) < first / 50


def test_who_set_the_allocator_keeps_the_settings():
    kept, (first, *later) = run(MALLOC_MMAP_THRESHOLD_="1000000")
    assert not kept
    assert min(later) > first / 2
