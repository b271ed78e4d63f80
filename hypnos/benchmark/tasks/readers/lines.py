"""Reads the project's own form, JSON Lines with a question a line, which is also that of a task of one's own."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.tasks.readers.fields import Fields, Placed, read_fields
from hypnos.benchmark.tasks.readers.stems import asks_for_several, is_negative
from hypnos.corpus.records import Instruction, Unusable
from hypnos.corpus.shapes import SHAPES, to_records
from hypnos.errors import UserError

SEVERAL = {"multiple": True, "single": False, "多项选择题": True, "单项选择题": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Questions, choice questions or questions on passages; which of them, the task's kind says.

    Columns: `question`; `answers` (a list) or `answer`; of a choice question `options` and the letters `answer`; of a
    reading question `passage` (or `context`, `case`). Optional: `id`, `group`, `level`, `topic`, `type` (`single` or
    `multiple`), `negative` (else read from the stem), `explanation`, `egress`. Other columns may stand beside them and
    are not read. Tables (.csv, .tsv, .parquet) with the same columns are read as well.

    What train.py reads is read here too, as questions: Alpaca's `instruction, input, output`, messages and ShareGPT's
    conversations, `query, response`, and the other shapes of `hypnos.corpus.shapes`. Earlier turns stand before the
    question, marked 问 and 答.

    Attributes:
        encoding: of text files.
    """

    encoding: str = "utf-8-sig"

    def read(self, path: str, kind: Kind) -> Iterator[Placed]:
        """The items of a file, with their places.

        Raises:
            UserError: a column is missing (those found are named), an answer is missing or outside the options, or
                the columns do not fit the kind.
        """
        build = {"question": _question, "choice": choice_item, "reading": _reading}[kind]
        for number, fields in enumerate(read_fields(path, encoding=self.encoding), 1):
            yield fields.where, build(fields, number)


def _question(fields: Fields, number: int) -> Item:
    for column, other in (("options", "choice"), ("option", "choice"), ("passage", "reading"), ("context", "reading")):
        if fields.is_filled(column):
            raise UserError(f"{fields.where}: column {column} in a task of kind question (rather kind: {other}?)")
    question, answers = _instruction(fields) if not fields.has("question") else ("", ())
    return Item(
        id=fields.optional("id") or str(number),
        kind="question",
        question=question or fields.text("question"),
        answers=answers or fields.texts("answers", "answer"),
        explanation=fields.optional("explanation"),
        group=fields.optional("group"),
        level=fields.optional("level"),
        topic=fields.optional("topic"),
        egress=fields.egress(),
    )


def _instruction(fields: Fields) -> tuple[str, tuple[str, ...]]:
    """Question and answers of a row in a shape of training data; nothing where it has none of them."""
    if not any(needed <= fields.values.keys() for needed, _ in SHAPES):
        return "", ()
    try:
        records = [record for record in to_records(fields.values, source="") if isinstance(record, Instruction)]
    except Unusable as reason:
        raise UserError(f"{fields.where}: {reason}") from reason
    if not records:
        return "", ()
    first = records[0]
    turns = [f"问：{asked}\n答：{told}" for asked, told in first.history]
    last = "\n".join(filter(None, (first.instruction, first.input)))
    question = "\n".join([*turns, f"问：{last}"]) if turns else last
    question = "\n".join(filter(None, (first.system, question)))
    return question, tuple(dict.fromkeys(record.output for record in records))


def choice_item(fields: Fields, number: int) -> Item:
    """A choice question in the project's own form, with `options` as an object."""
    options = fields.options("options", "option")
    answer = fields.letters(fields.value("answer"), options)
    question = fields.text("question")
    kind = fields.optional("type", "question_type")
    negative = fields.value("negative") if fields.has("negative") else None
    if SEVERAL.get(kind) is False and len(answer) > 1:
        raise UserError(f"{fields.where}: {len(answer)} right letters ({answer}) in a question of type {kind}")
    return Item(
        id=fields.optional("id") or str(number),
        kind="choice",
        question=question,
        answers=(answer,),
        passage=fields.optional("passage", "case"),
        options=options,
        explanation=fields.optional("explanation"),
        group=fields.optional("group"),
        level=fields.optional("level"),
        topic=fields.optional("topic"),
        multiple=SEVERAL.get(kind, len(answer) > 1 or asks_for_several(question)),
        negative=negative if isinstance(negative, bool) else is_negative(question),
        egress=fields.egress(),
    )


def _reading(fields: Fields, number: int) -> Item:
    if fields.is_filled("options"):
        raise UserError(f"{fields.where}: column options in a task of kind reading (rather kind: choice?)")
    return Item(
        id=fields.optional("id") or str(number),
        kind="reading",
        question=fields.text("question"),
        answers=fields.texts("answers", "answer"),
        passage=fields.text("passage", "context", "case"),
        explanation=fields.optional("explanation"),
        group=fields.optional("group"),
        level=fields.optional("level"),
        topic=fields.optional("topic"),
        egress=fields.egress(),
    )
