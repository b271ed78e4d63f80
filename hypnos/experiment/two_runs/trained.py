"""Compares two runs of train.py: stages and their data by key and count, held-out text, answers to the benchmark."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypnos.artefacts.model_folder import STAGE, read_json
from hypnos.errors import UserError
from hypnos.experiment.sweep.arm_scores import read_alike_scores
from hypnos.experiment.sweep.arms import read_arm
from hypnos.experiment.sweep.benchmark_tables import benchmark_tables
from hypnos.experiment.sweep.tables import held_out_grid, held_out_tests
from hypnos.experiment.two_runs.folder import FinishedRun
from hypnos.report.results import Note
from hypnos.report.tables.table import Grid


def data_of_stages(run: FinishedRun) -> dict[str, Any]:
    """What each stage was made from: keys of its parents, and counts of the records that it read."""
    rows: dict[str, Any] = {}
    for stage in read_arm(run.folder).stages:
        name = stage["name"]
        rows[f"{name}: key"] = stage["key"][:16]
        for source, counts in stage["data"]["sources"].items():
            for what in ("records", "held_out", "truncated", "learnt_tokens"):
                rows[f"{name}: {source}: {what}"] = counts.get(what, 0)
            for what in ("unselected", "left_out", "rejected"):
                rows[f"{name}: {source}: {what}"] = sum(counts.get(what, {}).values())
        rows[f"{name}: steps"] = stage["steps"]
        for parent, key in _written(run, stage).get("parents", {}).items():
            rows[f"{name}: from {parent}"] = key[:16]
    return rows


def code_of_stages(run: FinishedRun) -> dict[str, Any]:
    """Commit and versions of the code that made each stage: it may be older than the run that reused it."""
    rows: dict[str, Any] = {}
    for stage in read_arm(run.folder).stages:
        written = _written(run, stage)
        rows[f"{stage['name']}: commit"] = written.get("commit")
        rows |= {f"{stage['name']}: {package}": version for package, version in written.get("versions", {}).items()}
    return rows


def compare_trained(first: FinishedRun, second: FinishedRun) -> tuple[list[Grid], list[Note], list[str]]:
    """Tables, tests and what could not be compared."""
    arms = {run.name: [replace(read_arm(run.folder), label=run.name, called=run.name)] for run in (first, second)}
    sets, remarks = [], []
    one, other = (arms[run.name][0] for run in (first, second))
    for name in dict.fromkeys((*one.texts, *other.texts)):
        if one.heldout.get(name) != other.heldout.get(name):
            remarks.append(f"held-out text of {name}: not the same in both; not compared")
        elif one.texts[name].groups:
            sets.append(name)
    grids: list[Grid] = []
    notes: list[Note] = []
    if sets:
        grids.append(held_out_grid(arms, sets))
        notes += filter(None, [held_out_tests(arms, sets, second.name)])
    scores, unlike = read_alike_scores([one, other])
    remarks += [f"benchmark: {difference.reason}; not compared" for difference in unlike]
    if scores and len(scores.models) > 1:
        tables, tests = benchmark_tables(arms, scores, second.name)
        grids, notes = [*grids, *tables], [*notes, *tests]
    elif scores:
        remarks.append("benchmark: answered by one of the two alone")
    return grids, notes, remarks


def _written(run: FinishedRun, stage: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the stage's own folder; nothing where that is gone."""
    try:
        return read_json(run.locate(stage["directory"]) / STAGE)
    except (OSError, UserError):
        return {}
