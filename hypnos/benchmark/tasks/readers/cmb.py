"""Reads CMB: choice questions by exam, class and subject, with answers in a second file; and its clinical cases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.tasks.readers.complete import complete_items, require_kind
from hypnos.benchmark.tasks.readers.fields import Fields, Placed, as_fields, read_fields
from hypnos.benchmark.tasks.readers.stems import is_negative
from hypnos.errors import UserError

EXAM = ("exam_type", "exam_class", "exam_subject")
TYPES = {"单项选择题": False, "多项选择题": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cmb:
    """One choice question a row: `question, option{A..}, question_type, exam_type, exam_class, exam_subject`.

    An item's topic is `exam_type/exam_class/exam_subject`, by which the official score is averaged.

    Attributes:
        answers: the file of answers, joined on `id`, where the questions have none (the test part).
        subjects: pairs of class and subject to keep; None keeps all.
        skip_incomplete: leave out rows without question, options or answer.
    """

    answers: str | None = None
    subjects: Sequence[Sequence[str]] | None = None
    skip_incomplete: bool = False

    def read(self, path: str, kind: Kind) -> Iterator[Placed]:
        """The items of the chosen subjects.

        Raises:
            UserError: a column is missing (those found are named), an answer is missing or outside the options, or
                no item is of these subjects.
        """
        require_kind(kind, holds="choice", layout="CMB")
        answers = self._answers()
        wanted = None if self.subjects is None else [set(pair) for pair in self.subjects]
        seen: dict[str, None] = {}

        def build(fields: Fields, number: int) -> Item | None:
            exam = [fields.optional(name) for name in EXAM]
            seen.setdefault("/".join(exam[1:]))
            if wanted is not None and not any(pair <= set(exam) for pair in wanted):
                return None
            return _choice(fields, number, answers, "/".join(exam))

        count = 0
        for placed in complete_items(read_fields(path), build, skip_incomplete=self.skip_incomplete):
            count += 1
            yield placed
        if not count and wanted is not None:
            raise UserError(f"{path}: no item of these subjects; subjects found: {', '.join(list(seen)[:8])}")

    def _answers(self) -> dict[str, Fields] | None:
        if self.answers is None:
            return None
        answers: dict[str, Fields] = {}
        for fields in read_fields(self.answers):
            name = fields.text("id")
            if name in answers:
                raise UserError(f"{fields.where}: the id {name} came before, at {answers[name].where}")
            answers[name] = fields
        return answers


def _choice(fields: Fields, number: int, answers: dict[str, Fields] | None, topic: str) -> Item:
    name = fields.optional("id") or str(number)
    options = fields.options("option", "options")
    source = fields
    if answers is not None:
        if name not in answers:
            raise UserError(f"{fields.where}: missing answers: the file of answers has no id {name}")
        source = answers[name]
    elif not fields.has("answer"):
        raise UserError(f"{fields.where}: missing answers: no column answer (test part: reader.answers=<its file>)")
    answer = source.letters(source.value("answer"), options)
    kind = fields.text("question_type")
    if kind not in TYPES:
        raise UserError(f"{fields.where}: question_type {kind!r} is none of {', '.join(TYPES)}")
    question = fields.text("question")
    return Item(
        id=name,
        kind="choice",
        question=question,
        answers=(answer,),
        options=options,
        explanation=fields.optional("explanation"),
        topic=topic,
        multiple=TYPES[kind],
        negative=is_negative(question),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CmbClin:
    """One case a row: `id, title, description, QA_pairs[{question, solution}]`; each pair is an item."""

    def read(self, path: str, kind: Kind) -> Iterator[Placed]:
        """The questions of all cases; those of one case are a group.

        Raises:
            UserError: a column is missing (those found are named), or a question has no solution.
        """
        require_kind(kind, holds="reading", layout="CMB-Clin")
        for number, fields in enumerate(read_fields(path), 1):
            case = fields.optional("id") or str(number)
            passage = fields.text("description")
            pairs = fields.value("QA_pairs")
            if not isinstance(pairs, list) or not pairs:
                raise UserError(f"{fields.where}: QA_pairs must be a list with a question at least")
            for pair_number, pair in enumerate(pairs, 1):
                question = as_fields(fields.where, pair)
                yield (
                    fields.where,
                    Item(
                        id=f"{case}-{pair_number}",
                        kind="reading",
                        question=question.text("question"),
                        answers=question.texts("solution", "answer"),
                        passage=passage,
                        group=case,
                        topic=fields.optional("title"),
                    ),
                )
