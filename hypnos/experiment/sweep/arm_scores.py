"""Keeps what an arm's last model scores on the benchmark in the arm's folder, and reads it for a comparison."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypnos.benchmark.metrics.table import find_number
from hypnos.errors import UserError
from hypnos.experiment.run_folder import QUESTIONS, SCORES, write_whole
from hypnos.experiment.sweep.arms import Arm
from hypnos.report.kept_results import read_task, task_row
from hypnos.report.results import Answers, Results, TaskQuestions


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """What cannot be compared: a task, or one metric of it where `metric` names one; between which arms, and why."""

    task: str
    first: str
    other: str
    reason: str
    metric: str = ""


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
    scores, unlike = read_alike_scores(arms)
    for one in unlike:
        raise UserError(
            f"sweep: {one.first} and {one.other} cannot be compared: {one.reason} "
            "(another sweep_name keeps them apart; compare.benchmark=false leaves the tasks out)"
        )
    return scores


def read_alike_scores(arms: Sequence[Arm]) -> tuple[Results | None, list[Unlike]]:
    """The same without the tasks and metrics that are not the same in all arms, and what these are."""
    tasks: dict[str, tuple[Arm, TaskQuestions]] = {}
    answers: list[Answers] = []
    unlike: list[Unlike] = []
    for arm in arms:
        if arm.state != "finished" or not (arm.folder / QUESTIONS).is_file():
            continue
        for row in json.loads((arm.folder / QUESTIONS).read_text("utf-8")):
            task = _with_labels(read_task(row))
            first, known = tasks.setdefault(task.name, (arm, task))
            unlike += _differences(known, task, first=first.name, other=arm.name)
            answers.append(Answers(model=arm.name, task=task.name, texts=(), scores=row["scores"]))
    if not answers:
        return None, []
    left_out = {(one.task, one.metric) for one in unlike}
    alike = tuple(
        replace(task, metrics=tuple(metric for metric in task.metrics if (task.name, metric.name) not in left_out))
        for _, task in tasks.values()
        if (task.name, "") not in left_out
    )
    models = tuple(dict.fromkeys(part.model for part in answers))
    return Results(title="", models=models, tasks=alike, answers=tuple(answers)), unlike


def _differences(known: TaskQuestions, task: TaskQuestions, *, first: str, other: str) -> Iterator[Unlike]:
    arms = {"task": task.name, "first": first, "other": other}
    if task.version != known.version:
        yield Unlike(**arms, reason=f"the questions of {task.name} are not the same")
        return
    signatures = {metric.name: metric.signature for metric in known.metrics}
    for metric in task.metrics:
        if signatures.get(metric.name, metric.signature) != metric.signature:
            reason = f"{metric.name} of {task.name} was measured in another way"
            yield Unlike(**arms, reason=reason, metric=metric.name)


def _without_labels(row: dict[str, Any]) -> dict[str, Any]:
    """A task as it is written: labels of its metrics are read from the table of metrics again."""
    return row | {"metrics": [{k: v for k, v in metric.items() if k != "label"} for metric in row["metrics"]]}


def _with_labels(task: TaskQuestions) -> TaskQuestions:
    numbers = {metric.name: find_number(metric.name) for metric in task.metrics}
    labels = {name: number.label for name, number in numbers.items() if number}
    return replace(task, metrics=tuple(replace(m, label=labels.get(m.name, "")) for m in task.metrics))
