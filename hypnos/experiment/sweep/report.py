"""Writes the report of a sweep: arms over seeds, compared with the arm of reference."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hypnos.errors import UserError
from hypnos.experiment.sweep.arms import Arm
from hypnos.experiment.sweep.benchmark_tables import benchmark_tables
from hypnos.experiment.sweep.figures import draw_sweep
from hypnos.experiment.sweep.notes import hours_note, states_note, uneven_seeds
from hypnos.experiment.sweep.tables import (
    finished_arms,
    forgetting_grid,
    frontier_grid,
    held_out_grid,
    held_out_sets,
    held_out_tests,
)
from hypnos.report.contents import Contents
from hypnos.report.report import Report, write_files
from hypnos.report.results import Note, Results
from hypnos.report.tables.table import Grid


def choose_reference(arms: Sequence[Arm], reference: str | None) -> str | None:
    """The label others are compared with: the one named, else the first finished one; None where none is finished.

    Raises:
        UserError: no finished arm has this label.
    """
    labels = list(finished_arms(arms))
    if reference is None:
        return labels[0] if labels else None
    if reference not in labels:
        raise UserError(f"reference: no finished arm {reference!r} (there are: {', '.join(labels) or 'none'})")
    return reference


def write_sweep_report(
    directory: Path,
    *,
    name: str,
    arms: Sequence[Arm],
    reference: str | None = None,
    scores: Results | None = None,
    dollars_per_hour: float | None = None,
) -> Report:
    """Write the report of a sweep; see `hypnos.report.report.write_files`.

    The same arms give the same files, byte by byte.

    Args:
        directory: is made if it is not there; files of the same names are replaced.
        name: of the sweep.
        arms: all of them, whatever their state.
        reference: label of the arm others are compared with; None for the first finished one.
        scores: of the benchmark, if arms took part in it; its models are named by the arms' folders.
        dollars_per_hour: price of a device.

    Raises:
        UserError: no finished arm is called like the reference.
    """
    chosen = choose_reference(arms, reference)
    arms_by_label = finished_arms(arms)
    sets = held_out_sets([arm for same in arms_by_label.values() for arm in same])
    grids: list[Grid] = []
    notes: list[Note] = [states_note(arms)]
    if chosen is not None:
        grids, tests = _compare(arms_by_label, sets, chosen, scores)
        notes += tests
    hours = hours_note(arms, dollars_per_hour)
    notes += [hours] if hours else []
    failed = sum(arm.state == "failed" for arm in arms)
    title = f"Sweep {name}: {len(arms_by_label)} arms" + (f", failed runs: {failed}" if failed else "")
    results = Results(title=title, models=tuple(arms_by_label), tasks=(), answers=(), notes=tuple(notes))
    contents = Contents(results=results, grids=tuple(grids), notes=tuple(notes))
    report = write_files(
        directory,
        contents,
        draw=lambda folder: draw_sweep(folder, arms_by_label, sets, grids[0]) if arms_by_label and sets else (),
    )
    for old in set(directory.glob("*.png")) - {figure.path for figure in report.figures}:
        old.unlink()  # a figure of arms that are gone
    return report


def _compare(
    arms_by_label: Mapping[str, Sequence[Arm]], sets: Sequence[str], reference: str, scores: Results | None
) -> tuple[list[Grid], list[Note]]:
    """Every table of finished arms and their tests, in the order of the report."""
    grids: list[Grid] = []
    notes = list(uneven_seeds(arms_by_label))
    if sets:
        grids += [held_out_grid(arms_by_label, sets), forgetting_grid(arms_by_label, sets)]
        tests = held_out_tests(arms_by_label, sets, reference)
        notes += [tests] if tests else []
    if scores is not None:
        tables, benchmark_tests = benchmark_tables(arms_by_label, scores, reference)
        grids += tables
        notes += benchmark_tests
    frontier = frontier_grid(arms_by_label)
    grids += [frontier] if frontier else []
    return grids, notes
