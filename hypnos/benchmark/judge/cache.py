"""Keeps verdicts as an artefact: made once for the same answers, judge and rubric.

The replies behind them are in the journal besides, so verdicts that are made again cost nothing.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.benchmark.judge.cases import Predictions, TaskAnswers
from hypnos.benchmark.judge.judge import Judge, judge_answers
from hypnos.benchmark.judge.pairwise import judge_pairs
from hypnos.benchmark.tasks.task import Task
from hypnos.llm.client import Client
from hypnos.llm.failures import tells_of_failure
from hypnos.specialty.folder import Specialty
from hypnos.specialty.rubric import KINDS

log = logging.getLogger(__name__)

FILE = "verdicts.jsonl"
VERSION = 1
"""Raised when the same replies become other verdicts."""


def verdicts_on(
    task: Task,
    predictions: Predictions,
    *,
    judge: Judge,
    specialty: Specialty,
    client: Client,
    artefacts: Path,
) -> list[dict[str, Any]]:
    """The verdicts of one judge on the answers of all models to one task, made now or found.

    Choice questions have a right answer and are not judged. A task that must stay on this machine is left out,
    with a warning, where the judge is elsewhere.
    """
    if task.kind not in KINDS:
        return []
    if keeps_home(task) and not judge.model.is_local(client.local_addresses):
        log.warning("%s must stay on this machine (egress: local): not judged by %s", task.name, judge.model.name)
        return []
    key = {
        "version": VERSION,
        "task": task.version(),
        "judge": judge.key(),
        "name": judge.model.name,
        "answers": answers_key(predictions),
        "rubric": specialty.rubric,
        "prompts": {name: text for name, text in specialty.prompts.items() if name.startswith("judge")},
    }
    directory = artefact_folder(artefacts / "verdicts", f"{task.name}-{judge.model.name}", content_key(key))

    def write(partial: Path) -> None:
        with (partial / FILE).open("wb") as stream:
            for row in _judge(task, predictions, judge, specialty, client):
                stream.write(orjson.dumps(row) + b"\n")

    if make_once(directory, write, sound=_is_sound):
        log.info("%s: verdicts of %s in %s", task.name, judge.model.name, directory)
    return [orjson.loads(line) for line in (directory / FILE).read_bytes().splitlines()]


def _is_sound(folder: Path) -> bool:
    """Whether no verdict is that of a request that failed, as earlier versions wrote them."""
    rows = (orjson.loads(line) for line in (folder / FILE).read_bytes().splitlines() if b"ed: " in line)
    return not any(tells_of_failure(str(row.get("reason") or "")) for row in rows)


def keeps_home(task: Task) -> bool:
    """Whether any of a task's items must not leave this machine."""
    return task.egress == "local" or any(item.egress == "local" for item in task.items())


def answers_key(predictions: Predictions) -> str:
    """Hash of what counts in the answers of every model."""
    return content_key(
        {model: [[p.item, p.sample, p.answer] for p in answers] for model, answers in predictions.items()}
    )


def _judge(
    task: Task, predictions: Predictions, judge: Judge, specialty: Specialty, client: Client
) -> Iterator[dict[str, Any]]:
    answers = TaskAnswers(task=task.name, items=task.items(), predictions=predictions, egress=task.egress)
    for mode in judge.modes:
        yield from judge_answers(judge, answers, specialty=specialty, client=client, mode=mode)
    if judge.pairwise and len(predictions) > 1:
        yield from judge_pairs(judge, answers, specialty=specialty, client=client)
