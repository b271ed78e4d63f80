"""Keeps what was measured question by question as JSON, without any text, so that runs can be compared later."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hypnos.errors import UserError
from hypnos.report.results import Answers, Indicator, Metric, Question, Rating, Results, TaskQuestions

QUESTIONS = "questions.json"
"""Name of the file in a run's folder."""

VERSION = 1


def write_results(path: Path, results: Results, *, keys: Mapping[str, str]) -> None:
    """Write every model's value for each question, and the scores of judges and raters; the file whole or not at all.

    Args:
        path: of the file.
        results: as the report says them.
        keys: by model, what decides its answers.
    """
    tasks = [
        task_row(task) | {"scores": {answers.model: answers.scores for answers in results.answers_to(task.name)}}
        for task in results.tasks
    ]
    kept = {
        "version": VERSION,
        "models": {model: keys.get(model) for model in results.models},
        "tasks": tasks,
        "indicators": list(map(asdict, results.indicators)),
        "verdicts": list(map(asdict, results.verdicts)),
        "judges": dict(results.judges),
        "ratings": list(map(asdict, results.ratings)),
    }
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(kept, ensure_ascii=False, separators=(",", ":"), default=_plain), "utf-8")
    partial.replace(path)


def read_results(path: Path) -> tuple[Results, dict[str, Any]]:
    """Read what `write_results` wrote: results without texts, and the key of each model.

    Raises:
        UserError: the file is not of this kind.
    """
    try:
        kept = json.loads(path.read_text("utf-8"))
        answers = [
            Answers(model=model, task=row["name"], texts=(), scores=scores)
            for row in kept["tasks"]
            for model, scores in row["scores"].items()
        ]
        results = Results(
            title="",
            models=tuple(kept["models"]),
            tasks=tuple(map(read_task, kept["tasks"])),
            answers=tuple(answers),
            indicators=tuple(Indicator(**row) for row in kept["indicators"]),
            verdicts=tuple(Rating(**row) for row in kept["verdicts"]),
            judges=dict(kept.get("judges") or {}),  # earlier versions did not keep which models they are
            ratings=tuple(Rating(**row) for row in kept["ratings"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not what evaluate.py writes there ({type(error).__name__}: {error})") from error
    return results, kept["models"]


def task_row(task: TaskQuestions) -> dict[str, Any]:
    """A task with its questions' ids and groups, without a text, as plain values."""
    return {
        "name": task.name,
        "kind": task.kind,
        "title": task.title,
        "version": task.version,
        "metrics": list(map(asdict, task.metrics)),
        "questions": [{"id": question.id, "group": question.group} for question in task.questions],
    }


def read_task(row: Mapping[str, Any]) -> TaskQuestions:
    """A task out of its row."""
    return TaskQuestions(
        name=row["name"],
        kind=row["kind"],
        title=row["title"],
        version=row["version"],
        questions=tuple(Question(question="", references=(), **question) for question in row["questions"]),
        metrics=tuple(Metric(**metric) for metric in row["metrics"]),
    )


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's."""
    number = value.item()
    return None if isinstance(number, float) and math.isnan(number) else number
