"""Writes what a finished run leaves in its folder, so that a sweep can be read and is not done twice."""

import json
import logging
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from hypnos.errors import Pruned
from hypnos.experiment.objective import Objective
from hypnos.experiment.run_folder import ARM, OUTCOME, PRUNED, RECORDS, RESULTS, SCORES, write_whole
from hypnos.tuning.export import read_stage
from hypnos.tuning.heldout import VERSION as MEASURE_VERSION
from hypnos.tuning.stages import Result, Run

log = logging.getLogger(__name__)

VERSION = 1
"""Raised when what is left in the folder changes."""


def outcome_key(run: Run) -> dict[str, Any]:
    """Everything that decides a run's numbers: the keys of its stages, and of the text that they are measured on."""
    return {"version": VERSION, "measure": MEASURE_VERSION, "stages": run.keys(), "heldout": run.heldout.keys()}


def is_finished(output: Path, run: Run, benchmark_key: str | None = None, push: str | None = None) -> bool:
    """Whether a folder holds the outcome of this very run, and its models are still there.

    Args:
        output: folder of the run.
        run: as it would be trained now.
        benchmark_key: of the benchmark that its last model has to answer; None for none.
        push: where its last model has to be sent; None for nowhere.
    """
    try:
        arm = json.loads((output / ARM).read_text("utf-8"))
        models = json.loads((output / RESULTS).read_text("utf-8"))
        answered = json.loads((output / SCORES).read_text("utf-8"))["key"] if benchmark_key else None
    except (OSError, ValueError):
        return False
    models_exist = all(Path(model["directory"]).is_dir() for model in models if model["directory"])
    is_sent = push is None or arm.get("pushed") == push
    return models_exist and bool(arm["key"] == outcome_key(run)) and answered == benchmark_key and is_sent


def objective_value(output: Path, objective: Objective) -> float | None:
    """The objective of a finished run; None where there is nothing to measure it on."""
    if not objective.held_out:
        tasks = json.loads((output / SCORES).read_text("utf-8"))["tasks"]
        return tasks[objective.measured_on]["scores"].get(objective.measure)  # type: ignore[no-any-return]
    last = json.loads((output / RESULTS).read_text("utf-8"))[-1]
    measure = last["measures"].get(objective.measured_on)
    return float(measure[objective.measure]) if measure and measure["tokens"] else None


def clear_outcome(output: Path) -> None:
    """Take away what an earlier run of other settings left; its logs stay."""
    for name in OUTCOME:
        (output / name).unlink(missing_ok=True)


def write_outcome(output: Path, run: Run, results: Sequence[Result], pushed: str | None = None) -> None:
    """Write `records.json`, `arm.json` and, as the last, `results.json`, by which a finished run is known.

    Args:
        output: folder of the run.
        run: that was trained.
        results: of its models.
        pushed: where the last one was sent; None for nowhere.
    """
    _write_json(output / RECORDS, _held_out_records(run, results))
    stages = [_stage(run, result) for result in results if result.name in run.stages]
    _write_json(output / ARM, {"key": outcome_key(run), "seed": run.seed, "stages": stages, "pushed": pushed})
    models = [
        {
            "name": result.name,
            "directory": str(result.directory) if result.directory else None,
            "measures": dict(result.measures),
        }
        for result in results
    ]
    _write_json(output / RESULTS, models)


def write_pruned(output: Path, pruned: Pruned) -> None:
    """Write where a search ended this trial; the run is not finished."""
    log.info("%s", pruned)
    _write_json(output / PRUNED, {"step": pruned.step, "value": pruned.value})


def _held_out_records(run: Run, results: Sequence[Result]) -> dict[str, Any]:
    """By held-out set and, under `models`, model: records, groups, characters and bits.

    Of each model its own: where a vocabulary leaves no room for a text, its model reads less of it than the others.
    """
    sets: dict[str, Any] = {}
    for result in results:
        for name, documents in run.heldout.records(result.key).items():
            # Documents come in the order of packed rows, which depends on the vocabulary: put them into one order.
            order = [number for _, number in sorted(zip(documents["records"], count()))]
            columns = {c: [documents[c][number] for number in order] for c in ("records", "groups", "characters")}
            columns["bits"] = [round(documents["bits"][number], 6) for number in order]
            sets.setdefault(name, {"models": {}})["models"][result.name] = columns
    return sets


def _stage(run: Run, result: Result) -> dict[str, Any]:
    assert result.directory is not None
    stage = read_stage(result.directory)
    shown = ("key", "seconds", "steps", "device", "processes", "parameters", "metrics")
    return {
        "name": result.name,
        "directory": str(result.directory),
        **{name: stage[name] for name in shown if name in stage},
        "data": run.prepare().data[result.name].report(),
    }


def _write_json(path: Path, value: Any) -> None:
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1))
