"""Reads CMExam: CSV with the options in one cell, and annotations in the test part."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypnos.artefacts.ranges import Encoding
from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.tasks.readers.complete import complete_items, require_kind
from hypnos.benchmark.tasks.readers.fields import Fields, Placed, read_fields
from hypnos.benchmark.tasks.readers.stems import asks_for_several, is_negative

DEPARTMENT = ("clinical department", "medical department", "clinical departments", "department", "临床科室", "科室")
DIFFICULTY = ("difficulty level", "difficulty", "难度")


@dataclass(frozen=True, slots=True, kw_only=True)
class CmExam:
    """One choice question a row: `Question, Options, Answer, Explanation`, perhaps department and difficulty.

    Attributes:
        department: only items that name it; None: all.
        skip_incomplete: leave out rows with empty cells, which the published files have.
        encoding: of the file.
    """

    department: str | None = None
    skip_incomplete: bool = True
    encoding: Encoding = "utf-8-sig"

    def read(self, path: str, kind: Kind) -> Iterator[Placed]:
        """The items of the file.

        Raises:
            UserError: a column is missing (those found are named), or an answer is outside the options.
        """
        require_kind(kind, holds="choice", layout="CMExam")
        rows = read_fields(path, encoding=self.encoding)
        yield from complete_items(rows, self._item, skip_incomplete=self.skip_incomplete)

    def _item(self, fields: Fields, number: int) -> Item | None:
        if self.department is not None:
            fields.value(*DEPARTMENT)  # a file without this column cannot be cut by it
            if self.department not in fields.optional(*DEPARTMENT):
                return None
        options = fields.options("options")
        answer = fields.letters(fields.value("answer"), options)
        question = fields.text("question")
        return Item(
            id=fields.optional("id") or str(number),
            kind="choice",
            question=question,
            answers=(answer,),
            options=options,
            explanation=fields.optional("explanation"),
            level=fields.optional(*DIFFICULTY),
            topic=fields.optional(*DEPARTMENT),
            multiple=len(answer) > 1 or asks_for_several(question),
            negative=is_negative(question),
        )
