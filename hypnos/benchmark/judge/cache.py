"""Keeps verdicts as an artefact: made once for the same answers, judge and rubric.

The replies behind them are in the journal besides, so verdicts that are made again cost nothing.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.benchmark.judge.cases import Predictions, TaskAnswers
from hypnos.benchmark.judge.judge import Judge, judge_answers
from hypnos.benchmark.judge.pairwise import judge_pairs, pairs_of
from hypnos.benchmark.tasks.task import Task
from hypnos.llm.client import Client
from hypnos.llm.failures import StoppedError, UnreadableError, tells_of_failure
from hypnos.specialty.folder import Specialty
from hypnos.specialty.rubric import KINDS

log = logging.getLogger(__name__)

FILE = "verdicts.jsonl"
VERSION = 2
"""Raised when the same replies become other verdicts."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a judge said of the answers to one task.

    Attributes:
        rows: as `judge_answers` and `judge_pairs` make them.
        wanted: how many rows there should be.
        stopped: why there are no more of them; None where they are whole.
    """

    rows: list[dict[str, Any]]
    wanted: int
    stopped: StoppedError | None = None


def verdicts_on(
    task: Task,
    predictions: Predictions,
    *,
    judge: Judge,
    specialty: Specialty,
    client: Client,
    artefacts: Path,
    unreadable: UnreadableError | None = None,
) -> Verdicts:
    """The verdicts of one judge on the answers of all models to one task, made now or found.

    A judge that was found `unreadable` on another task is asked nothing more: its verdicts are there, or missing.

    Choice questions have a right answer and are not judged. A task that must stay on this machine is left out,
    with a warning, where the judge is elsewhere.
    """
    if not can_judge(judge, task, client):
        if task.kind in KINDS:
            log.warning("%s must stay on this machine (egress: local): not judged by %s", task.name, judge.model.name)
        return Verdicts([], 0)
    directory = verdicts_folder(task, predictions, judge=judge, specialty=specialty, artefacts=artefacts)
    answers = TaskAnswers(task=task.name, items=task.items(), predictions=predictions, egress=task.egress)
    if unreadable is not None and not directory.is_dir():
        return Verdicts([], _count(answers, judge), unreadable)
    rows: list[dict[str, Any]] = []

    def write(partial: Path) -> None:
        with (partial / FILE).open("wb") as stream:
            for row in _judge(answers, judge, specialty, client):
                rows.append(row)
                stream.write(orjson.dumps(row) + b"\n")

    try:
        if make_once(directory, write, sound=_is_sound):
            log.info("%s: verdicts of %s in %s", task.name, judge.model.name, directory)
    except StoppedError as stop:
        return Verdicts(rows, _count(answers, judge), stop)
    rows = [orjson.loads(line) for line in (directory / FILE).read_bytes().splitlines()]
    return Verdicts(rows, len(rows))


def can_judge(judge: Judge, task: Task, client: Client) -> bool:
    """Whether a task's answers are judged at all, and may be by this judge."""
    return task.kind in KINDS and (judge.model.is_local(client.local_addresses) or not keeps_home(task))


def verdicts_folder(
    task: Task, predictions: Predictions, *, judge: Judge, specialty: Specialty, artefacts: Path
) -> Path:
    """The folder of these verdicts, named by what decides them."""
    key = {
        "version": VERSION,
        "task": task.version(),
        "judge": judge.key(),
        "name": judge.model.name,
        "answers": answers_key(predictions),
        "rubric": specialty.rubric,
        "prompts": {name: text for name, text in specialty.prompts.items() if name.startswith("judge")},
    }
    return artefact_folder(artefacts / "verdicts", f"{task.name}-{judge.model.name}", content_key(key))


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


def _judge(answers: TaskAnswers, judge: Judge, specialty: Specialty, client: Client) -> Iterator[dict[str, Any]]:
    for mode in judge.modes:
        yield from judge_answers(judge, answers, specialty=specialty, client=client, mode=mode)
    if _compares(answers, judge):
        yield from judge_pairs(judge, answers, specialty=specialty, client=client)


def _compares(answers: TaskAnswers, judge: Judge) -> bool:
    return judge.pairwise and len(answers.predictions) > 1


def _count(answers: TaskAnswers, judge: Judge) -> int:
    """How many verdicts there will be."""
    pairs = pairs_of(answers, judge) if _compares(answers, judge) else ()
    return len(judge.modes) * sum(1 for _ in answers.cases(judge.limit)) + sum(1 for _ in pairs)
