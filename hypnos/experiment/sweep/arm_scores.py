"""What an arm's last model scores on the benchmark, kept in the arm's folder."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hypnos.benchmark.metrics.table import find_number
from hypnos.errors import UserError
from hypnos.experiment.sweep.arms import Arm
from hypnos.report.results import Answers, Metric, Question, Results, TaskQuestions

SCORES = "benchmark.json"
"""For a reader: one number for each task and metric."""

QUESTIONS = "questions.json"
"""For tests: every question's value."""


def write_scores(folder: Path, *, key: str, model: Path, measured: Sequence[tuple[TaskQuestions, Answers]]) -> None:
    """Write both files, each whole or not at all."""
    rows, tasks = [], {}
    for task, answers in measured:
        scores = {name: [None if v is None else round(v, 6) for v in of] for name, of in answers.scores.items()}
        there = {name: [v for v in of if v is not None] for name, of in scores.items()}
        means = {name: round(sum(of) / len(of), 6) for name, of in there.items() if of}
        whole = {name: round(one.value, 6) for name, one in answers.corpus.items() if not math.isnan(one.value)}
        tasks[task.name] = {"version": task.version, "questions": len(task.questions), "scores": means | whole}
        told = {"name": task.name, "kind": task.kind, "title": task.title, "version": task.version}
        asked = [{"id": question.id, "group": question.group} for question in task.questions]
        rows.append(
            told | {"metrics": [_as_row(metric) for metric in task.metrics], "questions": asked, "scores": scores}
        )
    _write(folder / QUESTIONS, json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    found = {"key": key, "model": str(model), "tasks": tasks}
    _write(folder / SCORES, json.dumps(found, ensure_ascii=False, indent=1))


def read_scores(arms: Sequence[Arm]) -> Results | None:
    """What finished arms answered when they ran, for `benchmark_tables`; None where none did.

    Raises:
        UserError: two arms answered other questions, or were measured in other ways.
    """
    tasks: dict[str, tuple[Arm, TaskQuestions]] = {}
    answers: list[Answers] = []
    for arm in arms:
        if arm.state != "finished" or not (arm.folder / QUESTIONS).is_file():
            continue
        for told in json.loads((arm.folder / QUESTIONS).read_text("utf-8")):
            task = _task(told)
            first, known = tasks.setdefault(task.name, (arm, task))
            if task.version != known.version:
                raise _differ(first, arm, f"the questions of {task.name} are not the same")
            signatures = {metric.name: metric.signature for metric in known.metrics}
            for metric in task.metrics:
                if signatures.get(metric.name, metric.signature) != metric.signature:
                    raise _differ(first, arm, f"{metric.name} of {task.name} was measured in another way")
            answers.append(Answers(model=arm.folder.name, task=task.name, texts=(), scores=told["scores"]))
    if not answers:
        return None
    models = tuple(dict.fromkeys(one.model for one in answers))
    return Results(title="", models=models, tasks=tuple(task for _, task in tasks.values()), answers=tuple(answers))


def _task(told: Mapping[str, Any]) -> TaskQuestions:
    return TaskQuestions(
        name=told["name"],
        kind=told["kind"],
        title=told["title"],
        version=told["version"],
        questions=tuple(Question(question="", references=(), **one) for one in told["questions"]),
        metrics=tuple(_read_metric(row) for row in told["metrics"]),
    )


def _as_row(metric: Metric) -> dict[str, Any]:
    """A metric as it is written: its label is read from the table of metrics again."""
    row = asdict(metric)
    del row["label"]
    return row


def _read_metric(row: Mapping[str, Any]) -> Metric:
    number = find_number(row["name"])
    return Metric(**row, label=number.label if number else "")


def _differ(first: Arm, other: Arm, reason: str) -> UserError:
    return UserError(
        f"sweep: {first.folder.name} and {other.folder.name} cannot be compared: {reason} "
        "(another sweep_name keeps them apart; compare.benchmark=false leaves the tasks out)"
    )


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)
