"""Reads CMRC2018 and others of SQuAD's shape: passages, each with its questions and their answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.tasks.readers.complete import complete_items, require_kind
from hypnos.benchmark.tasks.readers.fields import Fields, Placed, as_fields, read_fields
from hypnos.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Passages:
    """Three forms: SQuAD's `data > paragraphs > qas`; a list of `context_text, qas`; a flat row for each question.

    Flat rows hold `context, question, answers`, where `answers` is a list of text or an object with `text`.

    Attributes:
        skip_incomplete: leave out rows without question, answer or passage, as CMRC2018's trial file has them.
    """

    skip_incomplete: bool = False

    def read(self, path: str, kind: Kind) -> Iterator[Placed]:
        """The questions of all passages; those of one passage are a group.

        Raises:
            UserError: a column is missing (those found are named), or an answer is.
        """
        require_kind(kind, holds="reading", layout="a set of passages")
        questions = (question for fields in _rows(path) for question in _questions(fields))
        yield from complete_items(questions, _item, skip_incomplete=self.skip_incomplete)


def _rows(path: str) -> Iterator[Fields]:
    """The rows of a file; of SQuAD's one object its paragraphs."""
    file = Path(path)
    if file.suffix.lower() == ".json" and file.is_file():
        with file.open(encoding="utf-8-sig") as stream:
            nested = stream.read(4096).lstrip().startswith("{")
        if nested:
            whole = _parse(file)
            if isinstance(whole, Mapping) and "data" in whole:
                for number, paragraph in enumerate(_paragraphs(str(file), whole["data"]), 1):
                    yield as_fields(f"{file}#{number}", paragraph)
                return
    yield from read_fields(path)


def _paragraphs(where: str, documents: Any) -> Iterator[Any]:
    if not isinstance(documents, list):
        raise UserError(f"{where}: data must be a list of documents")
    for number, row in enumerate(documents, 1):
        document = as_fields(f"{where}: data[{number}]", row)
        paragraphs = document.value("paragraphs")
        if not isinstance(paragraphs, list):
            raise UserError(f"{document.where}: paragraphs must be a list")
        yield from paragraphs


def _parse(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        # Several objects, one a line, under the name .json: not this form.
        if error.msg == "Extra data":
            return None
        raise UserError(f"{file}:{error.lineno}: not JSON: {error.msg}") from error


def _questions(fields: Fields) -> Iterator[Fields]:
    """Each question with the fields of its passage; a flat row is both."""
    if not fields.has("qas"):
        yield fields
        return
    questions = fields.value("qas")
    if not isinstance(questions, list):
        raise UserError(f"{fields.where}: qas must be a list of questions")
    passage = {name: value for name, value in fields.values.items() if name not in ("qas", "id")}
    for row in questions:
        question = as_fields(fields.where, row)
        yield Fields(fields.where, {**passage, **question.values}, (*fields.columns, *question.columns))


def _item(fields: Fields, number: int) -> Item:
    return Item(
        id=fields.optional("id", "query_id") or str(number),
        kind="reading",
        question=fields.text("question", "query_text"),
        answers=fields.texts("answers", "answer"),
        passage=fields.text("context", "context_text", "passage"),
        topic=fields.optional("title"),
        egress=fields.egress(),
    )
