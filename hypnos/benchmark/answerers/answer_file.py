"""Reads answers that were made elsewhere from a file, `answers:<file>`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.artefacts.keys import file_key
from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType
from hypnos.benchmark.tasks.task import Task
from hypnos.corpus.cells import cell_text
from hypnos.corpus.files import read_rows
from hypnos.corpus.formats import Malformed
from hypnos.errors import UserError
from hypnos.reasoning import cut_thinking

VERSION = 1
ID = ("id", "item")
RAW = "raw"
"""What the model wrote, whole: of several fields this one counts, as in the predictions that an evaluation leaves."""
ANSWER = ("answer", "output", "response", "prediction")


class AnswersFile(Answerer):
    """A file of answers: rows in JSON Lines, JSON or CSV.

    A row holds `id` (or `item`), `answer` (or `raw`, `output`, `response`, `prediction`) and perhaps `task`, `sample`
    (the number of the repeat) and `finished` (whether the model ended by itself). Where several fields may be the
    answer and differ, such as a set's own `answer` beside a `prediction`, the row is refused.

    One file may hold the answers to several tasks.
    """

    def __init__(self, *, path: str, name: str | None = None) -> None:
        """Say where the answers are.

        Raises:
            UserError: nothing is there.
        """
        self.path = Path(path)
        self.name = name or self.path.stem
        if not self.path.is_file():
            raise UserError(f"{path}: no such file of answers")
        self._rows: list[tuple[str, dict[str, Any]]] | None = None

    def key(self, task: Task, request_type: RequestType) -> dict[str, Any]:
        return {"version": VERSION, "answers": file_key(self.path)}

    def check(self, tasks: Sequence[Task]) -> None:
        """Check that each item of each task has its answer, and each answer its item.

        An answer that no item asks for may belong to an item beyond a task's limit, and is then passed over.
        """
        known = {task.name: {item.id for item in task.items()} for task in tasks}
        limited = {task.name for task in tasks if task.limit}
        for where, row in self._read():
            possible = [row["task"]] if row["task"] else list(known)
            holding = [name for name in possible if row["id"] in known.get(name, ())]
            if len(holding) > 1:
                raise UserError(f"{where}: {row['id']} is an item of {' and of '.join(holding)}: name its task")
            if (row["task"] and row["task"] not in known) or holding or limited & set(possible):
                continue
            if row["task"]:
                raise UserError(f"{where}: {row['id']} is no item of {row['task']}")
            raise UserError(f"{where}: {row['id']} is an item of none of the tasks ({', '.join(known)})")
        for task in tasks:
            self._answers(task)

    def answer(
        self, task: Task, items: Sequence[Item], request_type: RequestType, *, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        answers = self._answers(task)
        yield [prediction for item in items for prediction in answers[item.id]]

    def close(self) -> None:
        self._rows = None

    def _answers(self, task: Task) -> dict[str, list[Prediction]]:
        """The answers to a task by item, in the order of the samples."""
        placed: dict[tuple[str, int], tuple[str, Prediction]] = {}
        known = {item.id for item in task.items()}
        for where, row in self._read():
            if row["task"] not in ("", task.name) or row["id"] not in known:
                continue
            item_sample = (row["id"], row["sample"])
            if item_sample in placed:
                raise UserError(f"{where}: a second answer to {row['id']} (the first: {placed[item_sample][0]})")
            answer, thought = cut_thinking(row["raw"])
            placed[item_sample] = (
                where,
                Prediction(
                    item=row["id"],
                    sample=row["sample"],
                    prompt="",
                    raw=row["raw"],
                    answer=answer,
                    finished=row["finished"],
                    tokens=0,
                    thought=thought,
                ),
            )
        answered = {item for item, _ in placed}
        missing = [item.id for item in task.items() if item.id not in answered]
        if missing:
            raise UserError(
                f"{self.path}: no answer to {len(missing)} of {len(known)} items of {task.name}, such as {missing[0]}"
            )
        answers: dict[str, list[Prediction]] = {}
        for item, sample in sorted(placed):
            answers.setdefault(item, []).append(placed[item, sample][1])
        return answers

    def _read(self) -> list[tuple[str, dict[str, Any]]]:
        if self._rows is None:
            self._rows = [(where, _fields(where, row)) for where, row in read_rows(str(self.path))]
        return self._rows


def _fields(where: str, row: Any) -> dict[str, Any]:
    if isinstance(row, Malformed):
        raise UserError(f"{where}: {row}")
    if not isinstance(row, Mapping):
        raise UserError(f"{where}: an answer must be an object, not {type(row).__name__}")
    item = next((row[name] for name in ID if row.get(name) is not None), None)
    raw = _written(where, row)
    if item is None or raw is None:
        missing = " or ".join(ID) if item is None else " or ".join((RAW, *ANSWER))
        raise UserError(f"{where}: no {missing} (fields found: {', '.join(map(str, row)) or 'none'})")
    try:
        sample = int(row.get("sample") or 0)
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: sample {row['sample']!r} is no number") from error
    try:
        item, task = cell_text(item), cell_text(row.get("task"))
    except ValueError as error:
        raise UserError(f"{where}: id and task: {error}") from error
    return {
        "id": item,
        "raw": raw,
        "task": task,
        "sample": sample,
        "finished": str(row.get("finished", True)).lower() not in ("false", "0"),
    }


def _written(where: str, row: Mapping[str, Any]) -> str | None:
    """What the model wrote; None where no field holds it."""
    if isinstance(row.get(RAW), str):
        return row[RAW]
    texts = {name: row[name] for name in ANSWER if isinstance(row.get(name), str)}
    if len({text.strip() for text in texts.values()}) > 1:
        raise UserError(f"{where}: {' and '.join(texts)} differ: leave the one the model wrote, or call it {RAW}")
    return next(iter(texts.values()), None)
