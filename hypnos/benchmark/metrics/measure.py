"""Measures the answers of a model to a task: every metric of the task, per question and over all of them."""

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hypnos.benchmark.items import Item
from hypnos.benchmark.metrics.table import METRICS, RARE, check_metrics
from hypnos.benchmark.predictions import Prediction, PredictionsByType
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from hypnos.report.results import Answers, Metric, Question, TaskQuestions
from hypnos.report.statistics.intervals import Interval, statistic_intervals
from hypnos.specialty.folder import Specialty

if TYPE_CHECKING:
    # What imports datasets and the package evaluate is imported when something is measured.
    from hypnos.benchmark.metrics.metric import AnsweredItem, ItemMetric, Measurement, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScores:
    """One model's numbers on one task, and what each of them means."""

    answers: Answers
    metrics: tuple[Metric, ...]


def measure(
    task: Task, model: str, predictions: PredictionsByType, specialty: Specialty, *, whole: bool = True
) -> TaskScores:
    """Measure the answers of one model to one task.

    Args:
        task: its questions, its metrics, and perhaps a second rule for reading letters, reported under its label.
        model: its name.
        predictions: by type of request; `generation` must be there, with at least one answer to each question: an
            empty answer counts as 0.
        specialty: its drugs, and the pairs of them that are mixed up, for `safety`.
        whole: every question must have an answer; otherwise those without one have no numbers either.

    Raises:
        UserError: no items, an answer missing, twice there, or to a question that the task does not have; or a
            metric that is unknown or does not fit the kind.
    """
    check_metrics(task.metrics, kind=task.kind, task=task.name)
    items = task.items()
    answered = _pair_in_order(task, model, predictions["generation"], whole=whole)
    with tempfile.TemporaryDirectory() as folder:
        measured = list(_measure_all(task, answered, predictions, specialty, Path(folder)))
    position = {item.id: number for number, item in enumerate(items)}
    scores: dict[str, list[float | None]] = {}
    for measurement in measured:
        for name, values in measurement.scores.items.items():
            sums, counts = [0.0] * len(items), [0] * len(items)
            for (item, _), value in zip(measurement.answered, values):
                sums[position[item.id]] += float(value)
                counts[position[item.id]] += 1
            scores[name] = [total / count if count else None for total, count in zip(sums, counts)]
    first = {item.id: prediction for item, prediction in reversed(answered)}
    choices = task.kind == "choice"
    return TaskScores(
        answers=Answers(
            model=model,
            task=task.name,
            texts=tuple(first[item.id].answer if item.id in first else None for item in items),
            choices=tuple(first[item.id].choice if item.id in first else None for item in items) if choices else (),
            rules=tuple(first[item.id].rule if item.id in first else "" for item in items) if choices else (),
            scores=scores,
            corpus=_corpus_intervals(measured),
            repeats=max(1, len(answered) // max(1, len(first))),
        ),
        metrics=tuple(metric for measurement in measured for metric in measurement.metrics),
    )


def describe_task(task: Task, scores: Sequence[TaskScores]) -> TaskQuestions:
    """A task as the report needs it; metrics that only some models have are there as well.

    Its texts are hidden where one of its items may not leave the machine. What never happens has no column.
    """
    metrics = {metric.name: metric for one_model in scores for metric in one_model.metrics}
    for name in RARE:
        if not any(any(one_model.answers.scores.get(name, ())) for one_model in scores):
            metrics.pop(name, None)
    items = task.items()
    questions = tuple(
        Question(
            id=item.id,
            question=item.question,
            references=item.answers,
            group=item.group,
            passage=item.passage,
            options=dict(item.options),
            explanation=item.explanation,
            topic=item.topic,
            level=item.level,
            multiple=item.multiple,
            negative=item.negative,
        )
        for item in items
    )
    return TaskQuestions(
        name=task.name,
        kind=task.kind,
        version=task.version(),
        questions=questions,
        metrics=tuple(metrics.values()),
        hidden=any(item.egress == "local" for item in items),
    )


def _pair_in_order(task: Task, model: str, predictions: Sequence[Prediction], *, whole: bool) -> "list[AnsweredItem]":
    """Every answer with its item: by repeat, and in the order of the items."""
    items = task.items()
    position = {item.id: number for number, item in enumerate(items)}
    by_place: dict[tuple[int, int], Prediction] = {}
    for prediction in predictions:
        if prediction.item not in position:
            raise UserError(
                f"{model} on {task.name}: an answer to {prediction.item}, which is no question of this task"
            )
        place = prediction.sample, position[prediction.item]
        if place in by_place:
            raise UserError(f"{model} on {task.name}: two answers to {prediction.item}, sample {prediction.sample}")
        by_place[place] = prediction
    answered = {number for _, number in by_place}
    missing = [item.id for number, item in enumerate(items) if number not in answered]
    if missing and whole:
        raise UserError(
            f"{model} on {task.name}: no answer to {len(missing)} of {len(items)} questions, such as {missing[0]}"
        )
    return [(items[number], by_place[sample, number]) for sample, number in sorted(by_place)]


def _measure_all(
    task: Task, answered: "list[AnsweredItem]", predictions: PredictionsByType, specialty: Specialty, folder: Path
) -> "Iterator[Measurement]":
    """Each metric once, then the numbers of letters that were found in other ways than by our rules."""
    from hypnos.benchmark.metrics.likelihood_accuracy import measure_likelihoods
    from hypnos.benchmark.metrics.metric import Measurement, Scores, describe_number, sign

    for metric in _make_metrics(task, specialty, folder):
        yield Measurement(metric.notes(), answered, metric.measure(**metric.inputs(answered)))
    if task.official is not None:
        label, items = task.official.label, [item for item, _ in answered]
        letters = [task.official.extract(prediction.answer, item)[0] or "" for item, prediction in answered]
        number = describe_number(f"accuracy_{label}", sign(f"read:{label}", f"level:{label}"))
        yield Measurement((number,), answered, Scores({number.name: task.official.score(letters, items)}))
    if task.kind == "choice":
        yield from measure_likelihoods(task.items(), predictions, folder=folder)


def _make_metrics(task: Task, specialty: Specialty, folder: Path) -> "Iterator[ItemMetric]":
    """An object of each class that the task's metrics are measured by, in the order of the table."""
    made: set[tuple[str, str | None]] = set()
    for row in METRICS:
        which = row.measured_by, row.segmentation
        if row.name not in task.metrics or task.kind not in row.kinds or which in made:
            continue
        made.add(which)
        module, _, name = row.measured_by.partition(".")
        kind: type[ItemMetric] = getattr(import_module(f"hypnos.benchmark.metrics.{module}"), name)
        metric = kind.make(specialty=specialty, segmentation=row.segmentation, folder=folder)
        if metric is not None:
            yield metric


def _corpus_intervals(measured: "Sequence[Measurement]") -> dict[str, Interval]:
    """Values of all answers together; those that come from sums are resampled together and have intervals."""
    intervals: dict[str, Interval] = {}
    summed: list[tuple[Scores, slice]] = []
    resampled: list[str] = []  # all metrics with sums are of the same answers
    columns: list[np.ndarray] = []
    width = 0
    for measurement in measured:
        groups = [_group(item) for item, _ in measurement.answered]
        unknown = math.nan, math.nan, len(groups), len(set(groups))
        scores = measurement.scores
        intervals.update({name: Interval(value, *unknown) for name, value in scores.corpus.items()})
        if scores.sums is not None:
            summed.append((scores, slice(width, width + scores.sums.shape[1])))
            width += scores.sums.shape[1]
            columns.append(scores.sums)
            resampled = groups
    if summed:
        table = np.column_stack(columns)

        def statistic(sums: np.ndarray) -> np.ndarray:
            return np.column_stack([scores.statistic(sums[:, part]) for scores, part in summed if scores.statistic])

        names = [name for scores, _ in summed for name in scores.corpus]
        intervals.update(zip(names, statistic_intervals(table, resampled, statistic)))
    return intervals


def _group(item: Item) -> str:
    """What an item is resampled with; one without a group stands alone."""
    return item.group or f"\0{item.id}"
