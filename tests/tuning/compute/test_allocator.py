"""Blocks that are freed and asked for again, as by each step of a training, are not fetched from the system anew."""

import os
import platform
import subprocess
import sys

import pytest

SCRIPT = """
import random, resource, torch
from hypnos.tuning.compute.allocator import keep_freed_blocks
print(keep_freed_blocks())
sizes = random.Random(0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(60):
    held = [torch.ones(sizes.randint(2_000_000, 16_000_000)) for _ in range(4)]
    held.clear()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
FETCHED_EACH_TIME = 60 * 4 * 9_000_000 * 4 // 4096
"""Pages, with blocks of the mean size."""


def run(**settings):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=clean | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, faults = done.stdout.split()
    return said == "True", int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_freed_blocks_are_kept():
    kept, faults = run()
    assert kept
    assert faults < FETCHED_EACH_TIME / 4


def test_who_set_the_allocator_keeps_the_settings():
    kept, faults = run(MALLOC_MMAP_THRESHOLD_="1000000")
    assert not kept
    assert faults > FETCHED_EACH_TIME / 4


@pytest.mark.parametrize(("device", "asked"), [("cpu", 1), ("meta", 0)])
def test_a_fit_asks_for_it_on_a_cpu_alone(full, monkeypatch, device, asked):
    calls = []
    monkeypatch.setattr("hypnos.tuning.module.keep_freed_blocks", lambda: calls.append(1))
    full().to(device).on_fit_start()
    assert len(calls) == asked
