"""Keeps what an arm's last model scores on the benchmark in the arm's folder, and reads it for a comparison."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypnos.benchmark.metrics.table import find_number
from hypnos.errors import UserError
from hypnos.experiment.run_folder import QUESTIONS, SCORES, write_whole
from hypnos.experiment.sweep.arms import Arm
from hypnos.report.kept_results import read_task, task_row
from hypnos.report.results import Answers, Results, TaskQuestions


def write_scores(folder: Path, *, key: str, model: Path, measured: Sequence[tuple[TaskQuestions, Answers]]) -> None:
    """Write `questions.json`, then `benchmark.json`, each whole or not at all.

    Args:
        folder: of the arm.
        key: names what was asked and measured, whatever the model.
        model: folder of the model that answered.
        measured: of each task, its questions and what the model scored on them.
    """
    rows, tasks = [], {}
    for task, answers in measured:
        scores = {
            name: [None if value is None else round(value, 6) for value in values]
            for name, values in answers.scores.items()
        }
        applicable = {name: [value for value in values if value is not None] for name, values in scores.items()}
        means = {name: round(sum(values) / len(values), 6) for name, values in applicable.items() if values}
        whole_task = {
            name: round(interval.value, 6)
            for name, interval in answers.corpus.items()
            if not math.isnan(interval.value)
        }
        tasks[task.name] = {"version": task.version, "questions": len(task.questions), "scores": means | whole_task}
        rows.append({**_without_labels(task_row(task)), "scores": scores})
    write_whole(folder / QUESTIONS, json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    summary = {"key": key, "model": str(model), "tasks": tasks}
    write_whole(folder / SCORES, json.dumps(summary, ensure_ascii=False, indent=1))


def read_scores(arms: Sequence[Arm]) -> Results | None:
    """Read what finished arms answered when they ran, for `benchmark_tables`; None where none did.

    Raises:
        UserError: two arms answered other questions, or were measured in other ways.
    """
    tasks: dict[str, tuple[Arm, TaskQuestions]] = {}
    answers: list[Answers] = []
    for arm in arms:
        if arm.state != "finished" or not (arm.folder / QUESTIONS).is_file():
            continue
        for row in json.loads((arm.folder / QUESTIONS).read_text("utf-8")):
            task = _with_labels(read_task(row))
            first_arm, known = tasks.setdefault(task.name, (arm, task))
            if task.version != known.version:
                raise _incomparable(first_arm, arm, f"the questions of {task.name} are not the same")
            signatures = {metric.name: metric.signature for metric in known.metrics}
            for metric in task.metrics:
                if signatures.get(metric.name, metric.signature) != metric.signature:
                    raise _incomparable(first_arm, arm, f"{metric.name} of {task.name} was measured in another way")
            answers.append(Answers(model=arm.folder.name, task=task.name, texts=(), scores=row["scores"]))
    if not answers:
        return None
    models = tuple(dict.fromkeys(part.model for part in answers))
    return Results(title="", models=models, tasks=tuple(task for _, task in tasks.values()), answers=tuple(answers))


def _without_labels(row: dict[str, Any]) -> dict[str, Any]:
    """A task as it is written: labels of its metrics are read from the table of metrics again."""
    return row | {"metrics": [{k: v for k, v in metric.items() if k != "label"} for metric in row["metrics"]]}


def _with_labels(task: TaskQuestions) -> TaskQuestions:
    numbers = {metric.name: find_number(metric.name) for metric in task.metrics}
    labels = {name: number.label for name, number in numbers.items() if number}
    return replace(task, metrics=tuple(replace(m, label=labels.get(m.name, "")) for m in task.metrics))


def _incomparable(first: Arm, other: Arm, reason: str) -> UserError:
    return UserError(
        f"sweep: {first.folder.name} and {other.folder.name} cannot be compared: {reason} "
        "(another sweep_name keeps them apart; compare.benchmark=false leaves the tasks out)"
    )
