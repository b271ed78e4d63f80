"""Writes two runs of one command side by side, as text for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.errors import UserError
from hypnos.experiment.two_runs.folder import FinishedRun, read_finished_run
from hypnos.experiment.two_runs.settings import differences, differing_choices, differing_settings, show
from hypnos.report.results import Note
from hypnos.report.tables.table import Grid
from hypnos.report.tables.terminal import text_table

Two = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Named values of the first run and of the second."""

Numbers = tuple[list[Grid], list[Note], list[str]]
"""Tables, tests, and remarks on what could not be compared."""

NAMES = ("first", "second")


def compare_runs(first: Path, second: Path) -> str:
    """Settings, data, code and numbers of two runs.

    Args:
        first: folder of a run.
        second: of another one of the same command.

    Raises:
        UserError: a folder holds no finished run, or the two are not of one command.
    """
    runs = read_finished_run(first, NAMES[0]), read_finished_run(second, NAMES[1])
    one, other = runs
    if one.kind != other.kind:
        raise UserError(f"{first} is a run of {one.kind}.py, and {second} of {other.kind}.py: nothing to compare")
    code, data, (grids, notes, remarks) = _read(runs)
    parts = [
        "\n".join(f"{run.name}: {run.folder} ({run.kind}.py)" for run in runs),
        _changes("Files of conf/", differing_choices(one, other), same="the same were chosen"),
        _changes("Settings", differing_settings(one, other), same="all alike"),
        _changes("Code", list(_shown(*code)), same="the same commit and versions" if all(code) else "not noted"),
        _side_by_side("Data", *data),
        *map(_grid, grids),
        *map(_note, notes),
        "\n".join(f"- {remark}" for remark in remarks),
    ]
    return "\n\n".join(part for part in parts if part)


def _read(runs: tuple[FinishedRun, FinishedRun]) -> tuple[Two, Two, Numbers]:
    """Code and data of both runs, and their numbers; what one command needs is imported for it alone."""
    code = runs[0].code, runs[1].code
    if runs[0].kind == "train":
        from hypnos.experiment.two_runs.trained import code_of_stages, compare_trained, data_of_stages

        of_stages = [run.code | code_of_stages(run) for run in runs]
        return (of_stages[0], of_stages[1]), (data_of_stages(runs[0]), data_of_stages(runs[1])), compare_trained(*runs)
    if runs[0].kind == "filter":
        from hypnos.experiment.two_runs.filtered import compare_filtered, funnel_counts

        return code, (funnel_counts(runs[0]), funnel_counts(runs[1])), compare_filtered(*runs)
    from hypnos.experiment.two_runs.evaluated import compare_evaluated, questions_and_models

    return code, (questions_and_models(runs[0]), questions_and_models(runs[1])), compare_evaluated(*runs)


def _side_by_side(title: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """Every row, with a mark where the two differ: one count says little without those beside it."""
    unlike = {key for key, _, _ in differences(first, second)}
    rows = [
        [key, show(first.get(key, "–")), show(second.get(key, "–")), "≠" if key in unlike else ""]
        for key in dict.fromkeys((*first, *second))
    ]
    return f"{title}\n{text_table(['', *NAMES, ''], rows)}"


def _grid(grid: Grid) -> str:
    rows = [
        [
            label,
            *(
                f"{column.write(cell.value)} {column.write_interval(cell)}".strip() if cell else "–"
                for column, cell in zip(grid.columns, cells)
            ),
        ]
        for label, cells in grid.rows
    ]
    return f"{grid.title}\n{text_table([grid.corner, *(column.title for column in grid.columns)], rows)}"


def _note(note: Note) -> str:
    text = f"\n{note.text}" if note.text else ""
    return f"{note.title}\n{text_table(note.head, note.rows)}{text}"


def _shown(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key, a, b in differences(first, second):
        yield key, show(a), show(b)


def _changes(title: str, rows: Sequence[tuple[str, str, str]], *, same: str) -> str:
    return f"{title}: {same}" if not rows else f"{title}\n{text_table(['', *NAMES], rows)}"
