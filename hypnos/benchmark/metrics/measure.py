"""From answers to numbers: every metric of a task, per question and over all of them."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypnos.benchmark.choice.official_rules import Rule
from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.metrics.table import ANY, CHOICE, TEXT, Row, Ways, corpus_intervals, score_all
from hypnos.benchmark.predictions import Prediction
from hypnos.errors import UserError
from hypnos.report.results import Answers, Metric, Question, TaskQuestions
from hypnos.specialty.drugs import Drug


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One model's numbers on one task, and what each of them means."""

    answers: Answers
    metrics: tuple[Metric, ...]


def measure(
    *,
    model: str,
    task: str,
    kind: Kind,
    items: Sequence[Item],
    predictions: Iterable[Prediction],
    metrics: Sequence[str],
    drugs: Sequence[Drug] = (),
    confusable: Sequence[tuple[str, str]] = (),
    official: Rule | None = None,
    ways: Ways | None = None,
    folder: Path | None = None,
) -> Measured:
    """Measure the answers of one model to one task.

    Args:
        model: its name.
        task: the task's name.
        kind: of the task's questions.
        items: the questions.
        predictions: at least one answer to each of them; an empty answer counts as 0.
        metrics: names of `CHOICE`, `TEXT` and `ANY`.
        drugs: of the specialty, for `safety`.
        confusable: pairs of drugs that are mixed up, for `safety`.
        official: a second rule for reading letters, reported under its label.
        ways: letters found in other ways than by reading the answer, by label and item; items that are not there
            are left out of that number. Letters by the predictions' own likelihoods are added as `likelihood`.
        folder: where the metrics' library may write; by default a folder that is removed again.

    Raises:
        UserError: no items, an answer missing, twice there, or to a question that the task does not have; or a
            metric that is unknown or does not fit the kind.
    """
    check_metrics(metrics, kind=kind, task=task)
    if not items:
        raise UserError(f"{task}: no questions to measure")
    ways = ways or {}
    rows = _in_order(model, task, items, predictions)
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            measured = list(score_all(rows, kind, metrics, drugs, confusable, official, ways, Path(made)))
    else:
        measured = list(score_all(rows, kind, metrics, drugs, confusable, official, ways, folder))
    place = {item.id: at for at, item in enumerate(items)}
    scores: dict[str, list[float | None]] = {}
    for _, asked, found in measured:
        for name, values in found.items.items():
            sums, counts = [0.0] * len(items), [0] * len(items)
            for (item, _), value in zip(asked, values):
                sums[place[item.id]] += float(value)
                counts[place[item.id]] += 1
            scores[name] = [total / count if count else None for total, count in zip(sums, counts)]
    first = {item.id: prediction for item, prediction in reversed(rows)}
    return Measured(
        answers=Answers(
            model=model,
            task=task,
            texts=tuple(first[item.id].answer for item in items),
            choices=tuple(first[item.id].choice for item in items) if kind == "choice" else (),
            rules=tuple(first[item.id].rule for item in items) if kind == "choice" else (),
            scores=scores,
            corpus=corpus_intervals(measured),
            repeats=max(1, len(rows) // len(items)),
        ),
        metrics=tuple(note for notes, _, _ in measured for note in notes),
    )


def describe(
    *, name: str, kind: Kind, items: Sequence[Item], measured: Sequence[Measured], version: str = "", title: str = ""
) -> TaskQuestions:
    """A task as the report needs it; metrics that only some models have are there as well.

    Its texts are hidden where one of its items may not leave the machine.
    """
    notes = {note.name: note for one in measured for note in one.metrics}
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
        name=name,
        kind=kind,
        title=title,
        version=version,
        questions=questions,
        metrics=tuple(notes.values()),
        hidden=any(item.egress == "local" for item in items),
    )


def check_metrics(metrics: Sequence[str], *, kind: Kind, task: str) -> None:
    """Raise UserError for a metric that is unknown or does not fit the kind of the task."""
    fitting = (*(CHOICE if kind == "choice" else TEXT), *ANY)
    for name in metrics:
        if name not in fitting:
            reason = "does not fit questions of kind " + kind if name in (*CHOICE, *TEXT) else "is unknown"
            raise UserError(f"{task}.metrics: {name} {reason} (fitting: {', '.join(fitting)})")


def _in_order(model: str, task: str, items: Sequence[Item], predictions: Iterable[Prediction]) -> list[Row]:
    """Every answer with its item: by repeat, and in the order of the items."""
    known = {item.id: at for at, item in enumerate(items)}
    found: dict[tuple[int, int], Prediction] = {}
    for prediction in predictions:
        if prediction.item not in known:
            raise UserError(f"{model} on {task}: an answer to {prediction.item}, which is no question of this task")
        place = prediction.sample, known[prediction.item]
        if place in found:
            raise UserError(f"{model} on {task}: two answers to {prediction.item}, sample {prediction.sample}")
        found[place] = prediction
    answered = {place for _, place in found}
    missing = [item.id for at, item in enumerate(items) if at not in answered]
    if missing:
        raise UserError(
            f"{model} on {task}: no answer to {len(missing)} of {len(items)} questions, such as {missing[0]}"
        )
    return [(items[place], found[sample, place]) for sample, place in sorted(found)]
