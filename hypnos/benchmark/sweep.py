"""A sweep, read and reported; its models answer the benchmark first where that is asked for."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.benchmark.evaluation import answer_all, measure_answers, prepare, results_of
from hypnos.benchmark.lineup import Build
from hypnos.report.arms import Arm, find_sweep, read_arms
from hypnos.report.results import Results
from hypnos.report.sweep_report import choose_reference, write_sweep_report
from hypnos.report.tables import text_table

log = logging.getLogger(__name__)

REPORT = "report"


def run_sweep(config: Mapping[str, Any], *, build: Build) -> None:
    """Compare the arms of a sweep and write the report into its folder.

    Args:
        config: `conf/evaluate.yaml`, composed and resolved, as plain values.
        build: makes an object from a config with a `_target_`.

    Raises:
        UserError: there is no such sweep, or its arms cannot be compared.
    """
    compare = config["compare"]
    folder = find_sweep(str(compare["sweep"]), Path(config["paths"]["outputs"]))
    arms = read_arms(folder)
    choose_reference(arms, compare["reference"])
    report = write_sweep_report(
        folder / REPORT,
        name=folder.name,
        arms=arms,
        reference=compare["reference"],
        scores=_scores(config, arms, build) if compare["benchmark"] else None,
        dollars_per_hour=compare["dollars_per_hour"],
    )
    if config["share"]:
        models = {arm.folder.name: Path(arm.stages[-1]["directory"]) for arm in arms if arm.stages}
        build(config["share"]).publish_sweep(report, name=folder.name, models=models)
    for grid in report.grids[:1]:
        rows = [
            [label, *(c.write(cell.value) if cell else "-" for c, cell in zip(grid.columns, cells))]
            for label, cells in grid.rows
        ]
        print(f"\n{text_table([grid.corner, *(column.shown for column in grid.columns)], rows)}")
    for arm in arms:
        if arm.state != "finished":
            print(f"{arm.state}: {arm.folder.name}{f': {arm.error}' if arm.error else ''}")
    print(f"\nreport: {report.directory / 'report.md'}\npage:   {report.page}")


def _scores(config: Mapping[str, Any], arms: Sequence[Arm], build: Build) -> Results | None:
    """The last model of every finished arm on the tasks; arms of one model are asked once, by its key."""
    entry = config["entries"]["folder"]
    models = {
        arm.folder.name: {**entry, "path": arm.stages[-1]["directory"]}
        for arm in arms
        if arm.state == "finished" and arm.stages
    }
    if not models:
        return None
    evaluation = prepare({**config, "models": [], "baselines": models, "judges": {}, "raters": None}, build=build)
    answers = answer_all(evaluation)
    measured = {
        (answerer.name, task.name): measure_answers(evaluation, answerer.name, task, answers)
        for task in evaluation.tasks
        for answerer in evaluation.answerers
    }
    return results_of(evaluation, answers, measured)
