"""Promises about how a command feels, and about what is bundled."""

import statistics
import subprocess
import sys
import time

from bench.promise import ROOT, Promise


def answers_at_once() -> list[Promise]:
    """Warm, the median of five."""
    promises = []
    for flags in (["--help"], ["--cfg", "job"]):
        command = [sys.executable, str(ROOT / "train.py"), *flags]
        times = []
        for _ in range(6):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        promises.append(Promise(f"train.py {' '.join(flags)}, seconds", statistics.median(times[1:]), 1.0))
    return promises


def bundled() -> list[Promise]:
    """The sample's overlap and the README's length; the sample's doses are held by its tests."""
    import json

    outputs = [
        json.loads(line)["output"]
        for name in ("general", "anesthesia")
        for line in (ROOT / f"hypnos/sample/{name}.jsonl").read_text("utf-8").splitlines()
    ]
    grams = [{text[i : i + 8] for i in range(len(text) - 7)} for text in outputs]
    worst = max(len(a & b) / max(min(len(a), len(b)), 1) for i, a in enumerate(grams) for b in grams[:i])
    lines = len((ROOT / "README.md").read_text("utf-8").splitlines())
    return [
        Promise(f"sample: largest share of 8-grams two of {len(outputs)} outputs have in common", worst, 0.3),
        Promise("README.md: lines", lines, 199),
    ]
