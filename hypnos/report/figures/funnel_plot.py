"""Draws the funnel: what each step kept and removed, and what a threshold would keep."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COLOURS = (
    *("#c44e52", "#dd8452", "#ccb974", "#8172b3", "#937860", "#da8bc3", "#8c8c8c"),
    *("#7a1f2b", "#f2b5a0", "#6b8e23", "#b7a6e0", "#3d2b1f", "#64b5cd", "#c7c7c7"),
)
"""Of the reasons, in the order in which they first come."""

KEPT = "#4c72b0"
"""Of the records that passed."""


def funnel_bars(path: Path, funnel: Sequence[Mapping[str, Any]]) -> None:
    """Draw a bar for each step: kept in blue, then what was rejected, by reason.

    Args:
        path: of the PNG.
        funnel: by step, `step`, `out` and `rejected` by reason.
    """
    from matplotlib.figure import Figure  # not pyplot: no window system, no global state

    figure = Figure(figsize=(9, 0.7 * len(funnel) + 1.8), layout="constrained")
    axes = figure.subplots()
    reasons = list(dict.fromkeys(reason for entry in funnel for reason in sorted(entry["rejected"])))
    names = [entry["step"] for entry in funnel]
    left = [entry["out"] for entry in funnel]
    axes.bar_label(axes.barh(names, left, color=KEPT, label="kept"), label_type="center", color="white", fontsize=8)
    for number, reason in enumerate(reasons):
        counts = [entry["rejected"].get(reason, 0) for entry in funnel]
        axes.barh(names, counts, left=left, color=COLOURS[number % len(COLOURS)], label=reason, edgecolor="white")
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("records")
    axes.legend(frameon=False, fontsize=7, bbox_to_anchor=(1.0, 1.0), loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)


def threshold_curve(path: Path, curve: Sequence[Mapping[str, float]], *, chosen: float) -> None:
    """Draw how many records each threshold keeps and, where anything was paid, what a kept record then costs.

    Args:
        path: of the PNG.
        curve: `threshold`, `kept`, `usd_per_record`.
        chosen: the threshold in force.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    thresholds = [point["threshold"] for point in curve]
    axes.step(thresholds, [point["kept"] for point in curve], where="post", color=KEPT)
    axes.axvline(chosen, color="#8c8c8c", linestyle=":")
    axes.set_xlabel("threshold on the overall grade")
    axes.set_ylabel("records kept", color=KEPT)
    if any(point["usd_per_record"] for point in curve):
        cost = axes.twinx()
        cost.plot(thresholds, [point["usd_per_record"] or float("nan") for point in curve], color=COLOURS[0])
        cost.set_ylabel("US$ per kept record", color=COLOURS[0])
    figure.savefig(path, dpi=130)
