"""Draws bars, radars, heat maps and lines as PNG."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.report.figures.fonts import all_readable, chinese_font, readable, readable_title
from hypnos.report.tables.table import Grid

COLOURS = ("#0f5e8c", "#d1761f", "#2b8a6b", "#b23a48", "#7a5ea8", "#8a6d3b", "#4c9fd4", "#6b7280", "#c25b93", "#8fae3a")
"""Of the models, in their order; told apart in print and by most people who see colours differently."""

STYLES = ("-", "--", ":", "-.")
"""Of lines, when all colours are used."""


def grouped_bars(
    path: Path,
    *,
    groups: Sequence[str],
    bars: Mapping[str, Sequence[float]],
    ylabel: str,
    title: str,
    ends: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    digits: int = 2,
) -> None:
    """Draw one group of bars for each name in `groups`, with one bar of each series and its value above it.

    Args:
        path: of the PNG.
        groups: names below the groups.
        bars: values of each series, one a group; nan where there is none.
        ylabel: what the values are, with their unit.
        title: above the figure.
        ends: of each value's interval, drawn as whiskers; nan where there is none.
        digits: decimals of the values.
    """
    figure, axes = _figure(max(5.0, 1.2 + 0.42 * len(groups) * (len(bars) + 1)), 3.8)
    width = 0.8 / len(bars)
    for number, (name, values) in enumerate(bars.items()):
        positions = [group + (number - (len(bars) - 1) / 2) * width for group in range(len(groups))]
        colour = COLOURS[number % len(COLOURS)]
        axes.bar(positions, values, width * 0.94, label=readable(name, number), color=colour)
        if ends:
            _draw_whiskers(axes, positions, values, ends[name])
        for group, (position, value) in enumerate(zip(positions, values)):
            top = ends[name][group][1] if ends else math.nan
            if not math.isnan(value):
                _write_above(axes, position, value if math.isnan(top) else max(value, top), f"{value:.{digits}f}")
    axes.set_xticks(range(len(groups)), [readable(name, at, "group") for at, name in enumerate(groups)])
    axes.set_ylabel(ylabel)
    axes.set_title(readable_title(title), loc="left", fontsize=11)
    axes.margins(y=0.14)
    if all(value >= 0 or math.isnan(value) for values in bars.values() for value in values):
        axes.set_ylim(bottom=0)
    axes.yaxis.grid(True, color="#e5e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if len(bars) > 1:
        _legend(figure, len(bars))
    figure.savefig(path, dpi=150)


def radar(path: Path, *, spokes: Sequence[str], series: Mapping[str, Sequence[float]], title: str, top: float) -> None:
    """Draw each series as a line around a circle, from 0 in the middle to `top` at the rim."""
    figure, axes = _figure(6.0, 5.6, polar=True)
    angles = [2 * math.pi * at / len(spokes) for at in range(len(spokes))]
    for number, (name, values) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        around = [*angles, angles[0]], [*values, values[0]]
        axes.plot(*around, color=colour, linewidth=1.8, label=readable(name, number))
        axes.fill(*around, color=colour, alpha=0.07)
    axes.set_theta_offset(math.pi / 2)
    axes.set_theta_direction(-1)
    axes.set_xticks(angles, [readable(name, at, "axis") for at, name in enumerate(spokes)], fontsize=8)
    axes.set_ylim(0, top)
    axes.set_rlabel_position(180 / len(spokes))
    axes.tick_params(axis="y", labelsize=7, labelcolor="#6b7280")
    axes.tick_params(axis="x", pad=12)
    axes.grid(color="#e5e7eb")
    axes.spines["polar"].set_color("#d1d5db")
    figure.suptitle(readable_title(title), x=0.02, ha="left", fontsize=11)
    _legend(figure, len(series))
    figure.savefig(path, dpi=150)


def heat_map(path: Path, grid: Grid, *, names: Sequence[str], title: str = "") -> None:
    """Draw a table of numbers as coloured fields.

    Args:
        path: of the PNG.
        grid: the table.
        names: of the columns where no Chinese font is there; what is Chinese among them becomes its number.
        title: above the figure; "" is the table's.
    """
    import numpy as np

    scale = grid.columns[0].scale
    values = np.array([[cell.value * scale if cell else math.nan for cell in cells] for _, cells in grid.rows])
    top = 100.0 if scale == 100 else float(np.nanmax(values))
    digits = 0 if scale == 100 else grid.columns[0].digits
    title = readable_title(title or grid.title)
    title_width = 0.5 + sum(0.09 if sign.isascii() else 0.16 for sign in title)  # inches
    figure, axes = _figure(max(2.6 + 0.5 * values.shape[1], title_width), 2.1 + 0.4 * len(values))
    axes.imshow(values, cmap="YlGnBu", vmin=0, vmax=top, aspect="auto")
    for row, column in np.ndindex(*values.shape):
        value = values[row, column]
        if not math.isnan(value):
            colour = "white" if value > 0.55 * top else "#1f2937"
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "color": colour}
            axes.text(column, row, f"{value:.{digits}f}", **style)
    titles = [column.shown for column in grid.columns]
    shown = titles if all_readable(titles) else [readable(name, at, "topic") for at, name in enumerate(names)]
    axes.set_xticks(range(len(shown)), shown, rotation=40, ha="right", rotation_mode="anchor", fontsize=7)
    axes.set_yticks(range(len(grid.rows)), [readable(label, at) for at, (label, _) in enumerate(grid.rows)], fontsize=8)
    figure.suptitle(title, x=0.02, ha="left", fontsize=10)  # of the whole width: few columns are narrower than it
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.savefig(path, dpi=150)


def line_plot(
    path: Path,
    *,
    lines: Mapping[str, Sequence[Sequence[tuple[float, float]]]],
    xlabel: str,
    ylabel: str,
    title: str,
    points: bool = False,
    ticks: Sequence[str] = (),
) -> None:
    """Draw lines; those of one name (the seeds of an arm) share a colour.

    Args:
        path: of the PNG.
        lines: by name, any number of lines of (x, y).
        xlabel: what x is.
        ylabel: what y is, with its unit.
        title: above the figure.
        points: mark every point, for few of them.
        ticks: names of x = 0, 1, and so on.
    """
    figure, axes = _figure(max(6.4, 1.1 * len(ticks)), 4.2)
    for number, (name, of_name) in enumerate(lines.items()):
        for repeat, line in enumerate(of_name):
            style = STYLES[number // len(COLOURS) % len(STYLES)]
            label = readable(name, number) if not repeat else None
            marker = "o" if points or len(line) == 1 else None
            look: dict[str, Any] = {"linewidth": 1.4, "markersize": 3.5, "marker": marker, "linestyle": style}
            axes.plot(*zip(*line), color=COLOURS[number % len(COLOURS)], label=label, alpha=0.85, **look)
    if ticks:
        shown = [readable(text, at, "model") for at, text in enumerate(ticks)]
        axes.set_xticks(range(len(ticks)), shown, rotation=20, ha="right", fontsize=8)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(readable_title(title), loc="left", fontsize=11)
    axes.yaxis.grid(True, color="#e5e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    _legend(figure, len(lines))
    figure.savefig(path, dpi=150)


def _figure(width: float, height: float, *, polar: bool = False) -> tuple[Any, Any]:
    from matplotlib import rcParams
    from matplotlib.figure import Figure  # not pyplot: no window system, no global state

    font = chinese_font()
    if font and font not in rcParams["font.family"]:
        rcParams["font.family"] = ["DejaVu Sans", font]  # character by character, the first that has it
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(subplot_kw={"projection": "polar"} if polar else None)


def _write_above(axes: Any, position: float, height: float, text: str) -> None:
    style: dict[str, Any] = {"ha": "center", "fontsize": 7, "color": "#333333"}
    axes.annotate(text, (position, height), xytext=(0, 2), textcoords="offset points", **style)


def _legend(figure: Any, names: int) -> None:
    columns = max(1, min(names, int(figure.get_figwidth() // 1.9)))
    figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=8)


def _draw_whiskers(
    axes: Any, positions: Sequence[float], values: Sequence[float], ends: Sequence[tuple[float, float]]
) -> None:
    drawn = [(p, v, low, high) for p, v, (low, high) in zip(positions, values, ends) if not math.isnan(low)]
    if drawn:
        at, middle, low, high = zip(*drawn)
        below = [max(value - end, 0.0) for value, end in zip(middle, low)]
        above = [max(end - value, 0.0) for value, end in zip(middle, high)]
        axes.errorbar(at, middle, yerr=[below, above], fmt="none", ecolor="#374151", elinewidth=0.9, capsize=2)
