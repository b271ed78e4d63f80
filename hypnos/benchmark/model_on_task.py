"""One model on one task: in which ways it is asked, its answers, and their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypnos.benchmark.answerers.answerer import LIKELIHOOD, Answerer, Way, check_way
from hypnos.benchmark.answerers.cache import answers_of
from hypnos.benchmark.answerers.lineup import Build
from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.metrics.likelihood_accuracy import add_weighed
from hypnos.benchmark.metrics.measure import Measured, check_metrics, measure
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from hypnos.specialty.folder import Specialty

Given = dict[Way, list[Prediction]]
"""The answers of one model to one task, by way."""


def read_tasks(configs: Mapping[str, Mapping[str, Any]], *, build: Build) -> list[Task]:
    """Build tasks and read their questions.

    Raises:
        UserError: there is none, a file is missing or wrong, or a metric does not fit.
    """
    tasks: list[Task] = [build(task) for task in configs.values()]
    if not tasks:
        raise UserError("tasks: none given")
    for task in tasks:
        task.check()
        check_metrics(task.metrics, kind=task.kind, task=task.name)
        task.items()
    return tasks


def choose_ways(answerer: Answerer | type[Answerer], task: Task, likelihood: str | Sequence[str]) -> list[Way]:
    """How a model answers a task.

    Raises:
        UserError: likelihood is asked of a model that has none.
    """
    if likelihood == "auto":
        return ["generation", "letters"] if answerer.weighs and task.kind == "choice" else ["generation"]
    if isinstance(likelihood, str) or not set(likelihood) <= set(LIKELIHOOD):
        raise UserError(f"likelihood: {likelihood} is neither auto nor a list of {', '.join(LIKELIHOOD)}")
    chosen = [way for way in LIKELIHOOD if way in likelihood and task.kind == "choice"]
    for way in chosen:
        check_way(answerer, task, way)
    return ["generation", *chosen]


def ask(answerer: Answerer, task: Task, ways: Sequence[Way], *, artefacts: Path) -> Given:
    """A model's answers, made now or found."""
    found = {way: answers_of(answerer, task, way, artefacts=artefacts) for way in ways}
    return {way: _with_choices(task, made) if way == "generation" else made for way, made in found.items()}


def measure_answers(model: str, task: Task, given: Mapping[Way, Sequence[Prediction]], *, of: Specialty) -> Measured:
    """All numbers of one model on one task."""
    weighed = {one.item: one.likelihoods for one in given.get("letters", ())}
    measured = measure(
        model=model,
        task=task.name,
        kind=task.kind,
        items=task.items(),
        predictions=[replace(one, likelihoods=weighed.get(one.item)) for one in given["generation"]],
        metrics=task.metrics,
        drugs=of.drugs,
        confusable=of.confusable,
        official=task.official,
    )
    return add_weighed(measured, task.items(), given)


def _with_choices(task: Task, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Answers with the letters that are read from them: kept answers are read anew when the rules change."""
    if task.kind != "choice":
        return list(predictions)
    items = {item.id: item for item in task.items()}
    found = []
    for one in predictions:
        choice, rule = extract(one.answer, items[one.item])
        found.append(replace(one, choice=choice, rule=one.rule or rule))
    return found
