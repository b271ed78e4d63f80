"""What a finished run leaves in its folder, so that a sweep can be read and is not done twice."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from hypnos.experiment.objective import Objective
from hypnos.tuning.heldout import VERSION as MEASURE_VERSION
from hypnos.tuning.stages import Result, Run

VERSION = 1
"""Raised when what is left in the folder changes."""

RESULTS = "results.json"
ARM = "arm.json"
RECORDS = "records.json"
BENCHMARK = ("benchmark.json", "questions.json")


class Exam(Protocol):
    """What the last model of a run takes before the run counts as finished."""

    def key(self) -> str:
        """Names what is asked."""

    def take(self, model: Path, output: Path) -> None:
        """Write the first file of `BENCHMARK` as the last."""


def outcome_key(run: Run) -> dict[str, Any]:
    """What decides a run's numbers: the keys of its stages and of the text they are measured on."""
    return {"version": VERSION, "measure": MEASURE_VERSION, "stages": run.keys(), "heldout": run.heldout.keys()}


def is_finished(output: Path, run: Run, exam: Exam | None = None) -> bool:
    """Whether a folder holds the outcome of this very run, and its models are still there."""
    try:
        arm = json.loads((output / ARM).read_text("utf-8"))
        rows = json.loads((output / RESULTS).read_text("utf-8"))
        asked = json.loads((output / BENCHMARK[0]).read_text("utf-8"))["key"] if exam else None
    except (OSError, ValueError):
        return False
    there = all(Path(row["directory"]).is_dir() for row in rows if row["directory"])
    return there and bool(arm["key"] == outcome_key(run)) and (exam is None or asked == exam.key())


def find_number(output: Path, objective: Objective) -> float | None:
    """The objective of a finished run; None where there is nothing to measure it on."""
    if not objective.held_out:
        told = json.loads((output / BENCHMARK[0]).read_text("utf-8"))["tasks"]
        return told[objective.of]["scores"].get(objective.measure)  # type: ignore[no-any-return]
    measure = json.loads((output / RESULTS).read_text("utf-8"))[-1]["measures"].get(objective.of)
    return float(measure[objective.measure]) if measure and measure["tokens"] else None


def clear_outcome(output: Path) -> None:
    """Take away what an earlier run of other settings left; its logs stay."""
    for name in (RESULTS, ARM, RECORDS, *BENCHMARK):
        (output / name).unlink(missing_ok=True)


def write_outcome(output: Path, run: Run, results: Sequence[Result]) -> None:
    """Write `records.json`, `arm.json` and, as the last, `results.json`, by which a finished run is known."""
    _write(output / RECORDS, _records(run, results))
    stages = [_stage(run, result) for result in results if result.name in run.stages]
    _write(output / ARM, {"key": outcome_key(run), "seed": run.seed, "stages": stages})
    rows = [
        {
            "name": result.name,
            "directory": str(result.directory) if result.directory else None,
            "measures": dict(result.measures),
        }
        for result in results
    ]
    _write(output / RESULTS, rows)


def _records(run: Run, results: Sequence[Result]) -> dict[str, Any]:
    """By held-out set: records, groups and characters, and under `bits` those of each model."""
    found: dict[str, Any] = {}
    for result in results:
        for name, of in run.heldout.records(result.key).items():
            # Documents come in the order of packed rows, which depends on the vocabulary: put them into one order.
            order = sorted(range(len(of["records"])), key=lambda at: (of["records"][at], at))
            kept = found.setdefault(name, {"bits": {}})
            kept["bits"][result.name] = [round(of["bits"][at], 6) for at in order]
            kept |= {column: [of[column][at] for at in order] for column in ("records", "groups", "characters")}
    return found


def _stage(run: Run, result: Result) -> dict[str, Any]:
    assert result.directory is not None
    told: Mapping[str, Any] = json.loads((result.directory / "stage.json").read_text("utf-8"))
    kept = ("key", "seconds", "steps", "device", "processes", "parameters", "metrics")
    return {
        "name": result.name,
        "directory": str(result.directory),
        **{name: told[name] for name in kept if name in told},
        "data": run.prepare().data[result.name].report(),
    }


def _write(path: Path, value: Any) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")
    partial.replace(path)
