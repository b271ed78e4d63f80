"""Curves of training, from the logs that a run leaves without any account."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypnos.report.arms import Arm

Line = list[tuple[float, float]]

SHOWN = ("train/loss", "val/bits_per_char", "train/grad_norm")


def read_curve(folder: Path, column: str) -> Line:
    """Values by step. What a stopped try logged comes first, and a later one's value of the same step counts."""
    files = [*sorted(folder.glob("metrics-*.csv"), key=lambda file: int(file.stem.rpartition("-")[2]))]
    found: dict[float, float] = {}
    for file in [*files, folder / "metrics.csv"]:
        if file.is_file():
            with file.open(newline="") as stream:
                for row in csv.DictReader(stream):
                    if row.get(column) and row.get("step"):
                        found[float(row["step"])] = float(row[column])
    return sorted(found.items())


def curves_of(lines: Mapping[str, Sequence[Arm]], column: str) -> dict[str, dict[str, list[Line]]]:
    """By stage and label, a curve for each seed that trained the stage itself.

    A stage that arms share was logged by the one that trained it: it stands under that arm's label.
    """
    found: dict[str, dict[str, list[Line]]] = {}
    for label, arms in lines.items():
        for arm in arms:
            for stage in arm.stages:
                curve = read_curve(arm.folder / str(stage["name"]), column)
                if curve:
                    found.setdefault(str(stage["name"]), {}).setdefault(label, []).append(curve)
    return found
