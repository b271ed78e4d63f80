"""Keeps answers as an artefact, group by group while they come: a run that is killed loses no more than one group."""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import orjson
from tqdm import tqdm

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.store import artefact_folder, make_once, partial_of
from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import PROMPT_TOO_LONG, Prediction, RequestType
from hypnos.benchmark.tasks.task import Task
from hypnos.reasoning import cut_thinking

log = logging.getLogger(__name__)

FILE = "predictions.jsonl"
COMING = "coming.jsonl"
VERSION = 1
"""Raised when the form of the file changes."""


def answers_of(answerer: Answerer, task: Task, request_type: RequestType, *, artefacts: Path) -> list[Prediction]:
    """The answers of one model to one task, made now or found.

    Returns:
        In the order of the task's items, and of the repeats.
    """
    directory = answers_folder(answerer, task, request_type, artefacts=artefacts)
    if make_once(directory, lambda partial: _write(answerer, task, request_type, partial), keep_partial=True):
        log.info("%s: answers of %s (%s) in %s", task.name, answerer.name, request_type, directory)
    return list(_parse((directory / FILE).read_bytes(), task.max_new_tokens))


def answers_so_far(answerer: Answerer, task: Task, request_type: RequestType, *, artefacts: Path) -> list[Prediction]:
    """The answers that a stopped run left, in the order of the task's items; all of them where they are whole."""
    directory = answers_folder(answerer, task, request_type, artefacts=artefacts)
    if directory.is_dir():
        return list(_parse((directory / FILE).read_bytes(), task.max_new_tokens))
    return _in_order(task.items(), _read_whole_lines(partial_of(directory) / COMING, task.max_new_tokens))


def answers_folder(answerer: Answerer, task: Task, request_type: RequestType, *, artefacts: Path) -> Path:
    """The folder of these answers, named by what decides them."""
    deciding = {
        "version": VERSION,
        "task": task.version(),
        "way": request_type,
        "model": answerer.key(task, request_type),
    }
    name = task.name if request_type == "generation" else f"{task.name}-{request_type}"
    return artefact_folder(artefacts / "predictions", name, content_key(deciding))


def _write(answerer: Answerer, task: Task, request_type: RequestType, directory: Path) -> None:
    items = task.items()
    coming = directory / COMING
    answers = {(p.item, p.sample): p for p in _read_whole_lines(coming, task.max_new_tokens)}
    if answers:
        log.info("%s: %d answers of %s are there already", task.name, len(answers), answerer.name)
    started, tokens, new = time.monotonic(), 0, 0
    # disable=None: no bar where the output is not a terminal.
    bar = tqdm(
        total=len(items), desc=f"{answerer.name} on {task.name} ({request_type})", disable=None, dynamic_ncols=True
    )
    with coming.open("ab") as stream, bar:
        bar.update(len({item for item, _ in answers}))
        for group in answerer.answer(task, items, request_type, done=set(answers)):
            stream.write(b"".join(orjson.dumps(asdict(prediction)) + b"\n" for prediction in group))
            stream.flush()
            os.fsync(stream.fileno())
            # A group may hold answers that were there: made again, they are the same.
            answers |= {(p.item, p.sample): p for p in group if (p.item, p.sample) not in answers}
            tokens += sum(prediction.tokens for prediction in group)
            new += len(group)
            bar.update(len({item for item, _ in answers}) - bar.n)
    seconds = time.monotonic() - started
    log.info(
        "%s: %s (%s), %d answers in %.1f s%s",
        *(task.name, answerer.name, request_type, new, seconds),
        f", {tokens / max(seconds, 1e-9):,.0f} tokens/s" if tokens else "",
    )
    in_order = _in_order(items, answers.values())
    (directory / FILE).write_bytes(b"".join(orjson.dumps(asdict(p)) + b"\n" for p in in_order))
    coming.unlink()


def _in_order(items: Sequence[Item], answers: Iterable[Prediction]) -> list[Prediction]:
    order = {item.id: number for number, item in enumerate(items)}
    return sorted(answers, key=lambda prediction: (order[prediction.item], prediction.sample))


def _read_whole_lines(file: Path, limit: int) -> Iterator[Prediction]:
    """What a stopped run left; the line it was writing when it was stopped is taken off."""
    if not file.is_file():
        return
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with file.open("r+b") as stream:
            stream.truncate(len(whole))
    yield from _parse(whole, limit)


def _parse(content: bytes, limit: int) -> Iterator[Prediction]:
    for line in content.split(b"\n"):
        if line:
            row = orjson.loads(line)
            prediction = Prediction(**row)
            if "out_of_context" not in row and not prediction.finished:
                # Kept before it was noted: what ended below the limit of tokens had no more room.
                short = prediction.rule == PROMPT_TOO_LONG or 0 < prediction.tokens < limit
                prediction = replace(prediction, out_of_context=short)
            # Answers that were kept before a mark of reasoning was known are cut anew; the others stay as they are.
            answer, thought = cut_thinking(prediction.answer)
            marked = len(answer) < len(prediction.answer.strip())
            yield replace(prediction, answer=answer, thought=prediction.thought + thought) if marked else prediction
