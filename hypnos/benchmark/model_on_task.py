"""Asks one model one task: chooses the types of request, and gets its answers, made now or found."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypnos.benchmark.answerers.answerer import Answerer, check_request_type
from hypnos.benchmark.answerers.cache import answers_folder, answers_of, answers_so_far
from hypnos.benchmark.answerers.lineup import Build
from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.metrics.table import check_metrics
from hypnos.benchmark.predictions import (
    LIKELIHOOD_TYPES,
    LONGEST,
    Prediction,
    PredictionsByType,
    RequestType,
    shorten,
)
from hypnos.benchmark.tasks.task import Task
from hypnos.corpus.likeness.local_words import LocalWords
from hypnos.errors import UserError

log = logging.getLogger(__name__)


def read_tasks(configs: Mapping[str, Mapping[str, Any]], *, build: Build) -> list[Task]:
    """Build tasks and read their questions; copies of what must not leave the machine are marked like it.

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
    _keep_copies_here(tasks)
    return tasks


def _keep_copies_here(tasks: Sequence[Task]) -> None:
    """Mark what carries words of items that must not leave the machine, in whichever task these stand."""
    local = [text for task in tasks for text in task.local_texts()]
    if not local:
        return
    words = LocalWords(local)
    for task in tasks:
        if marked := task.keep_copies_here(words):
            log.warning("%s: %d items carry words of items marked egress: local, and stay here too", task.name, marked)


def choose_request_types(
    answerer: Answerer | type[Answerer], task: Task, likelihood: str | Sequence[str]
) -> list[RequestType]:
    """The types of request that a model gets about a task, from the setting `likelihood`.

    Raises:
        UserError: log-likelihoods are asked of a model that gives none.
    """
    if likelihood == "auto":
        return ["generation", "letters"] if answerer.gives_likelihoods and task.kind == "choice" else ["generation"]
    if isinstance(likelihood, str) or not set(likelihood) <= set(LIKELIHOOD_TYPES):
        raise UserError(f"likelihood: {likelihood} is neither auto nor a list of {', '.join(LIKELIHOOD_TYPES)}")
    chosen = [name for name in LIKELIHOOD_TYPES if name in likelihood and task.kind == "choice"]
    for request_type in chosen:
        check_request_type(answerer, task, request_type)
    return ["generation", *chosen]


def ask(answerer: Answerer, task: Task, request_types: Sequence[RequestType], *, artefacts: Path) -> PredictionsByType:
    """A model's answers, made now or found; of an endless one the beginning and the end."""
    answers = {
        name: _shorten_all(answerer, task, answers_of(answerer, task, name, artefacts=artefacts))
        for name in request_types
    }
    return {
        name: _with_choices(task, predictions) if name == "generation" else predictions
        for name, predictions in answers.items()
    }


def answers_exist(answerer: Answerer, task: Task, *, artefacts: Path) -> bool:
    """Whether a model's answers in words are kept whole, so that nothing is asked for them."""
    return answers_folder(answerer, task, "generation", artefacts=artefacts).is_dir()


def kept_so_far(answerer: Answerer, task: Task, *, artefacts: Path) -> PredictionsByType:
    """What a model that was stopped has answered in words; empty where it is nothing."""
    kept = _shorten_all(answerer, task, answers_so_far(answerer, task, "generation", artefacts=artefacts))
    return {"generation": _with_choices(task, kept)} if kept else {}


def _shorten_all(answerer: Answerer, task: Task, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Answers of a length that can be measured; what was left out, or never came, is said once."""
    if unanswered := sum(prediction.thought_cut and not prediction.answer for prediction in predictions):
        log.warning(
            "%s on %s: %d of %d answers ended within their thought: thinking='{mode: as_is, tokens: 2048}' gives it "
            "tokens of its own, mode: off turns it off where that can be done",
            *(answerer.name, task.name, unanswered, len(predictions)),
        )
    shortened = [shorten(prediction) for prediction in predictions]
    cut = [whole for whole, short in zip(predictions, shortened) if whole is not short]
    if cut:
        log.warning(
            "%s on %s: %d of %d answers are longer than %d characters, such as that to %s with %d; they are measured "
            "by their beginning and end",
            *(answerer.name, task.name, len(cut), len(predictions), LONGEST, cut[0].item, len(cut[0].answer)),
        )
    return shortened


def _with_choices(task: Task, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Answers with the letters that are read from them: kept answers are read anew when the rules change."""
    if task.kind != "choice":
        return list(predictions)
    items = {item.id: item for item in task.items()}
    with_choices = []
    for prediction in predictions:
        choice, rule = extract(prediction.answer, items[prediction.item])
        with_choices.append(replace(prediction, choice=choice, rule=prediction.rule or rule))
    return with_choices
