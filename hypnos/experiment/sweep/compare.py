"""Reads a sweep and writes its report; its models answer the benchmark now where that is asked for."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.benchmark.answerers.lineup import Build
from hypnos.benchmark.evaluation import answer_all, build_results, measure_all, silence_progress_bars
from hypnos.benchmark.preparation import check_configuration, prepare
from hypnos.errors import UserError
from hypnos.experiment.sweep.arm_scores import read_scores
from hypnos.experiment.sweep.arms import Arm, Planned, find_sweep, read_arms
from hypnos.experiment.sweep.publish import publish_sweep
from hypnos.experiment.sweep.report import choose_reference, write_sweep_report
from hypnos.report.results import Results
from hypnos.report.tables.terminal import text_table

log = logging.getLogger(__name__)

REPORT = "report"
"""Folder of the report in that of the sweep."""


def compare_arms(config: Mapping[str, Any], *, build: Build, planned: Planned | None = None) -> None:
    """Compare the arms of a sweep and write the report into its folder.

    Args:
        config: `conf/evaluate.yaml`, composed and resolved, as plain values.
        build: makes an object from a config with a `_target_`.
        planned: tells which arms the sweep meant to run.

    Raises:
        UserError: there is no such sweep, or its arms cannot be compared.
    """
    check_configuration(config)
    if config["dry_run"]:
        raise UserError("dry_run: nothing is asked for where a sweep is compared")
    silence_progress_bars()
    compare = config["compare"]
    folder = find_sweep(str(compare["sweep"]), Path(config["paths"]["outputs"]))
    arms = read_arms(folder, planned(folder) if planned else ())
    choose_reference(arms, compare["reference"])
    report = write_sweep_report(
        folder / REPORT,
        name=folder.name,
        arms=arms,
        reference=compare["reference"],
        scores=_read_or_ask(config, arms, build),
        dollars_per_hour=compare["dollars_per_hour"],
    )
    if config["publish"]:
        models = {arm.folder.name: Path(arm.stages[-1]["directory"]) for arm in arms if arm.stages}
        publish_sweep(build(config["publish"]), report, name=folder.name, models=models)
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


def _read_or_ask(config: Mapping[str, Any], arms: Sequence[Arm], build: Build) -> Results | None:
    """Read what arms answered when they ran; or let every finished arm's last model answer now, where that is wanted.

    Arms of one model are asked once, by its key.
    """
    wanted = config["compare"]["benchmark"]
    if wanted not in (True, False, "auto"):
        raise UserError(f"compare.benchmark: {wanted!r} is none of auto, true, false")
    if wanted is not True:
        return read_scores(arms) if wanted else None
    entry = config["entries"]["folder"]
    models = {
        arm.folder.name: {**entry, "path": arm.stages[-1]["directory"]}
        for arm in arms
        if arm.state == "finished" and arm.stages
    }
    if not models:
        return None
    evaluation = prepare({**config, "models": [], "baselines": models, "judges": {}, "raters": None}, build=build)
    answers, _ = answer_all(evaluation)
    return build_results(evaluation, answers, measure_all(evaluation, answers))
