"""Draws a sweep: arms side by side, bits across stages, the threshold frontier, and learning curves."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hypnos.corpus.sources import SPECIFIC
from hypnos.experiment.sweep.arms import Arm
from hypnos.experiment.sweep.tables import kept_share, selection_kind
from hypnos.report.figures.figures import Figure
from hypnos.report.figures.plots import grouped_bars, line_plot
from hypnos.report.tables.table import Grid

Curve = list[tuple[float, float]]
"""Points (x, y) in the order of x."""

CURVES = ("train/loss", "val/bits_per_char", "train/grad_norm")
"""Columns of a stage's `metrics.csv` that are drawn."""


def draw_sweep(
    directory: Path, arms_by_label: Mapping[str, Sequence[Arm]], sets: Sequence[str], held_out: Grid
) -> Iterator[Figure]:
    """Draw what there is something to draw of, and yield each figure.

    Args:
        directory: for the PNGs.
        arms_by_label: finished arms.
        sets: names of the held-out sets.
        held_out: the table of the arms' last models on them.
    """
    if held_out.rows and sets:
        path = directory / "held_out.png"
        bars = {label: [cell.value if cell else math.nan for cell in cells] for label, cells in held_out.rows}
        ends = {
            label: [(cell.low, cell.high) if cell else (math.nan, math.nan) for cell in cells]
            for label, cells in held_out.rows
        }
        title = "Held-out text, bits per character (lower is better)"
        grouped_bars(path, groups=list(sets), bars=bars, ends=ends, ylabel="bits per character", title=title)
        yield Figure(path, title)
    yield from _draw_stages(directory, arms_by_label, sets)
    yield from _draw_frontier(directory, arms_by_label)
    yield from _draw_curves(directory, arms_by_label)


def _draw_stages(directory: Path, arms_by_label: Mapping[str, Sequence[Arm]], sets: Sequence[str]) -> Iterator[Figure]:
    """Both sets on one axis across the stages: what a stage learns of one, it may forget of the other."""
    models = list(dict.fromkeys(model for arms in arms_by_label.values() for arm in arms for model in arm.models))
    ticks = [model for model in models if model != "base"]  # many bits above all others: it would flatten them
    series: dict[str, list[Curve]] = {}
    for label, arms in arms_by_label.items():
        for name in sets:
            for arm in arms:
                measures = {model: arm.measures[model][name] for model in arm.models if model != "base"}
                points = [
                    (float(ticks.index(model)), measure["bits_per_char"])
                    for model, measure in measures.items()
                    if measure["tokens"]  # a model that read nothing has 0 bits, which would look like the best
                ]
                if points:
                    series.setdefault(f"{label}: {name}", []).append(points)
    if series and len(ticks) > 1:
        path = directory / "stages.png"
        title = "Bits per character after each stage"
        line_plot(path, lines=series, xlabel="", ylabel="bits per character", title=title, points=True, ticks=ticks)
        yield Figure(path, title)


def _draw_frontier(directory: Path, arms_by_label: Mapping[str, Sequence[Arm]]) -> Iterator[Figure]:
    """Kept share against what the model achieves, by threshold; one line for each kind of selection and seed."""
    by_kind: dict[str, dict[str, Curve]] = {}
    for label, arms in arms_by_label.items():
        kind = selection_kind(label)
        if kind == label:
            continue
        for arm in arms:
            kept = kept_share(arm)
            measure = arm.measures[arm.last].get(SPECIFIC)
            if kept and kept[1] and measure and measure["tokens"]:
                point = (100 * kept[0] / kept[1], measure["bits_per_char"])
                by_kind.setdefault(kind, {}).setdefault(arm.seed, []).append(point)
    if by_kind:
        path = directory / "frontier.png"
        title = "Threshold frontier: what is kept against what is learnt"
        series = {kind: [sorted(points) for points in by_seed.values()] for kind, by_seed in by_kind.items()}
        ylabel = f"{SPECIFIC}, bits per character"
        line_plot(path, lines=series, xlabel="records kept, percent", ylabel=ylabel, title=title, points=True)
        yield Figure(path, title)


def _draw_curves(directory: Path, arms_by_label: Mapping[str, Sequence[Arm]]) -> Iterator[Figure]:
    for column in CURVES:
        for stage, series in learning_curves(arms_by_label, column).items():
            path = directory / f"curve_{stage}_{column.replace('/', '_')}.png"
            title = f"{column} in stage {stage}"
            line_plot(path, lines=series, xlabel="optimizer step", ylabel=column, title=title)
            yield Figure(path, title)


def learning_curves(arms_by_label: Mapping[str, Sequence[Arm]], column: str) -> dict[str, dict[str, list[Curve]]]:
    """By stage and label, a curve for each seed that trained the stage itself.

    A stage that arms share was logged by the one that trained it: it stands under that arm's label.
    """
    curves: dict[str, dict[str, list[Curve]]] = {}
    for label, arms in arms_by_label.items():
        for arm in arms:
            for stage in arm.stages:
                curve = read_curve(arm.folder / str(stage["name"]), column)
                if curve:
                    curves.setdefault(str(stage["name"]), {}).setdefault(label, []).append(curve)
    return curves


def read_curve(folder: Path, column: str) -> Curve:
    """Values by step. What a stopped try logged comes first, and a later one's value of the same step counts."""
    earlier = sorted(folder.glob("metrics-*.csv"), key=lambda file: int(file.stem.rpartition("-")[2]))
    values: dict[float, float] = {}
    for file in [*earlier, folder / "metrics.csv"]:
        if file.is_file():
            with file.open(newline="") as stream:
                for row in csv.DictReader(stream):
                    if row.get(column) and row.get("step"):
                        values[float(row["step"])] = float(row[column])
    return sorted(values.items())
