"""Names the files that a run leaves in its folder, and writes a file whole or not at all."""

from pathlib import Path

RESULTS = "results.json"
"""What each model achieves on held-out text; written as the last, and so the sign of a finished run."""

ARM = "arm.json"
"""The keys that decide the run's numbers, its seed, and what there is to know of each stage."""

RECORDS = "records.json"
"""Bits of every held-out record under each model: what arms are tested on."""

SCORES = "benchmark.json"
"""For a reader: one number for each task and metric of the benchmark."""

QUESTIONS = "questions.json"
"""Every question's value on the benchmark: what arms are tested on."""

FAILED = "failed.json"
"""The error that ended an arm of a sweep."""

PRUNED = "pruned.json"
"""Where a search ended a trial early, and the objective's value there."""

OUTCOME = (RESULTS, ARM, RECORDS, SCORES, QUESTIONS, PRUNED)
"""Files that are cleared before a run of other settings uses the folder."""


def write_whole(path: Path, text: str) -> None:
    """Write a file under another name, and give it its own when it is complete."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)
