"""Figures as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def grouped_bars(
    path: Path, *, groups: Sequence[str], bars: Mapping[str, Sequence[float]], ylabel: str, title: str
) -> None:
    """Draw one group of bars for each name in `groups`, with one bar of each series and its value above it."""
    from matplotlib.figure import Figure  # not pyplot: no window system, no global state

    figure = Figure(figsize=(max(5.0, 1.6 * len(groups)), 3.6), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(bars)
    for number, (name, values) in enumerate(bars.items()):
        places = [g + (number - (len(bars) - 1) / 2) * width for g in range(len(groups))]
        drawn = axes.bar(places, values, width, label=name)
        axes.bar_label(drawn, fmt="%.2f", fontsize=8)
    axes.set_xticks(range(len(groups)), groups)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.margins(y=0.12)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
