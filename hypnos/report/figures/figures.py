"""Draws the figures of a report: bars and heat maps of each task, and a radar over all of them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypnos.report.figures.fonts import all_readable
from hypnos.report.figures.plots import grouped_bars, heat_map, radar
from hypnos.report.results import Results, TaskQuestions
from hypnos.report.tables.table import Grid

RATED = ("raters", "judge", "judge_reference")
"""How the keys of tables of ratings go on after the task; of several judges, `_` and a name follow."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure: its file and what it shows."""

    path: Path
    title: str


def draw_figures(directory: Path, results: Results, grids: Sequence[Grid]) -> Iterator[Figure]:
    """Draw what the tables hold, and yield each figure.

    Args:
        directory: for the PNGs.
        results: what the tables were made from.
        grids: all tables of the report.
    """
    headline = {(task.name, metric.name) for task in results.tasks for metric in task.metrics if metric.headline}
    spokes: dict[str, dict[str, float]] = {}
    for task in results.tasks:
        tables = [grid for grid in grids if grid.key.startswith(f"{task.name}/")]
        for figure, part in (("headline", _headline(task.name, tables, headline)), ("by_level", _by_level(tables))):
            if part is not None:
                path = directory / f"{task.name}_{figure}.png"
                _bars(path, part, f"{_name(task)}: {part.title}")
                yield Figure(path, f"{task.title or task.name}: {part.title}")
        shares = _headline(task.name, tables, headline)
        for number, column in enumerate(shares.columns if shares else ()):
            if shares and column.better == "higher" and column.scale == 100:
                cells = ((label, cells[number]) for label, cells in shares.rows)
                spoke = f"{_name(task)}\n{column.shown}"
                spokes[spoke] = {label: cell.value * 100 for label, cell in cells if cell and cell.n}
        for grid in tables:
            if grid.key.endswith("/by_topic"):
                path = directory / f"{task.name}_topics.png"
                heat_map(path, grid, names=results.topics_of(task), title=_title(grid, task))
                yield Figure(path, grid.title)
            if _is_rated(grid):
                path = directory / f"{grid.key.replace('/', '_')}.png"
                _bars(path, grid, _title(grid, task), unit="mean rating")
                yield Figure(path, grid.title)
    # What a model was never asked would look like a 0 of its own.
    spokes = {spoke: values for spoke, values in spokes.items() if set(values) == set(results.models)}
    if len(spokes) > 2:
        path = directory / "radar.png"
        series = {model: [values[model] for values in spokes.values()] for model in results.models}
        title = "All tasks, percent"
        radar(path, spokes=list(spokes), series=series, title=title, top=100.0)
        yield Figure(path, title)
    tasks = {task.name: task for task in results.tasks}
    ratings = [grid for grid in grids if _is_rated(grid) and len(grid.columns) > 2]
    for grid in ratings:
        path = directory / f"{grid.key.replace('/', '_')}_radar.png"
        by_column = zip(*(cells for _, cells in grid.rows), strict=True)
        rated = {column.shown: cells for column, cells in zip(grid.columns, by_column, strict=True) if all(cells)}
        if len(rated) > 2:
            series = {
                label: [cell.value for cells in rated.values() if (cell := cells[number])]
                for number, (label, _) in enumerate(grid.rows)
            }
            title = _title(grid, tasks[grid.key.partition("/")[0]])
            radar(path, spokes=list(rated), series=series, title=title, top=10.0)
            yield Figure(path, grid.title)


def _name(task: TaskQuestions) -> str:
    """A task's title, or its name where the title cannot be drawn."""
    return task.title if task.title and all_readable([task.title]) else task.name


def _title(grid: Grid, task: TaskQuestions) -> str:
    """A table's title with the task's name in it that can be drawn."""
    return grid.title.replace(task.title, _name(task)) if task.title else grid.title


def _is_rated(grid: Grid) -> bool:
    """Whether a table holds means of ratings."""
    kind = grid.key.partition("/")[2]
    return kind.startswith(RATED) and not kind.endswith("_variance")


def _headline(task: str, grids: Sequence[Grid], headline: set[tuple[str, str]]) -> Grid | None:
    """The headline metrics of a task as one table."""
    columns, cells = [], []
    families = [grid for grid in grids if "/by_" not in grid.key]
    for grid in families:
        for number, column in enumerate(grid.columns):
            if (task, column.name) in headline:
                columns.append(column)
                cells.append({label: row[number] for label, row in grid.rows})
    if not columns:
        return None
    labels = list(dict.fromkeys(label for grid in families for label, _ in grid.rows))
    rows = tuple((label, tuple(part.get(label) for part in cells)) for label in labels)
    return Grid(key=f"{task}/headline", title="headline metrics", columns=tuple(columns), rows=rows)


def _by_level(grids: Sequence[Grid]) -> Grid | None:
    """The first headline metric by level, by number of right answers and by stem, as one table."""
    parts = [grid for grid in grids if grid.key.endswith(("/by_level", "/by_answers", "/by_stem"))]
    if not parts:
        return None
    columns = tuple(column for grid in parts for column in grid.columns)
    labels = [label for label, _ in parts[0].rows]
    rows = tuple((label, tuple(cell for grid in parts for cell in dict(grid.rows)[label])) for label in labels)
    metric = parts[0].title.partition(": ")[2].partition(" by ")[0]
    return Grid(key=parts[0].key, title=f"{metric} by kind of question", columns=columns, rows=rows)


def _bars(path: Path, grid: Grid, title: str, unit: str = "percent") -> None:
    scales = [column.scale for column in grid.columns]

    def series(attribute: str) -> dict[str, list[float]]:
        return {
            label: [getattr(cell, attribute) * scale if cell else math.nan for cell, scale in zip(cells, scales)]
            for label, cells in grid.rows
        }

    low, high = series("low"), series("high")
    grouped_bars(
        path,
        groups=[_group_title(grid, number) for number in range(len(grid.columns))],
        bars=series("value"),
        ends={label: list(zip(low[label], high[label])) for label in low},
        ylabel=unit,
        title=title,
        digits=1 if unit == "percent" else 2,
    )


def _group_title(grid: Grid, number: int) -> str:
    """Text below a group of bars; parts of a task also say how many questions they have."""
    if "/by_" not in grid.key:
        return grid.columns[number].title
    sizes = {cells[number].n for _, cells in grid.rows if cells[number]}  # type: ignore[union-attr]
    return f"{grid.columns[number].shown}\n(n = {max(sizes, default=0)})"
