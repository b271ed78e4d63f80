"""Reads CMRC2018 and others of SQuAD's shape: passages, each with its questions and their answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.tasks.readers.complete import require_kind
from hypnos.benchmark.tasks.readers.fields import Fields, Placed, as_fields, read_fields
from hypnos.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Passages:
    """Three forms: SQuAD's `data > paragraphs > qas`; a list of `context_text, qas`; a flat row for each question.

    Flat rows hold `context, question, answers`, where `answers` is a list of text or an object with `text`.
    """

    def read(self, path: str, kind: Kind) -> Iterator[Placed]:
        """The questions of all passages; those of one passage are a group.

        Raises:
            UserError: a column is missing (those found are named), or an answer is.
        """
        require_kind(kind, holds="reading", layout="a set of passages")
        number = 0
        for fields in _rows(path):
            for passage, question in _flatten(fields):
                number += 1
                yield fields.where, _item(passage, question, number)


def _rows(path: str) -> Iterator[Fields]:
    """The rows of a file; of SQuAD's one object its paragraphs."""
    file = Path(path)
    if file.suffix.lower() == ".json" and file.is_file():
        with file.open(encoding="utf-8-sig") as stream:
            nested = stream.read(4096).lstrip().startswith("{")
        if nested:
            whole = _parse(file)
            if isinstance(whole, Mapping) and "data" in whole:
                paragraphs = (part for document in whole["data"] for part in document.get("paragraphs", ()))
                for number, paragraph in enumerate(paragraphs, 1):
                    yield as_fields(f"{file}#{number}", paragraph)
                return
    yield from read_fields(path)


def _parse(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        # Several objects, one a line, under the name .json: not this form.
        if error.msg == "Extra data":
            return None
        raise UserError(f"{file}:{error.lineno}: not JSON: {error.msg}") from error


def _flatten(fields: Fields) -> Iterator[tuple[Fields, Fields]]:
    if not fields.has("qas"):
        yield fields, fields
        return
    for question in fields.value("qas"):
        yield fields, as_fields(fields.where, question)


def _item(passage: Fields, question: Fields, number: int) -> Item:
    return Item(
        id=question.optional("id", "query_id") or str(number),
        kind="reading",
        question=question.text("question", "query_text"),
        answers=question.texts("answers", "answer"),
        passage=passage.text("context", "context_text", "passage"),
        topic=passage.optional("title"),
        egress=passage.egress(),
    )
