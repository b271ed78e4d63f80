"""Reads C-Eval and CMMLU: tables with a column for each option."""

import string
from collections.abc import Iterator
from dataclasses import dataclass

from hypnos.artefacts.ranges import Encoding
from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.tasks.readers.complete import complete_items, require_kind
from hypnos.benchmark.tasks.readers.fields import Fields, Placed, file_stem, read_fields
from hypnos.benchmark.tasks.readers.stems import asks_for_several, is_negative

PARTS = ("_test", "_val", "_dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """One choice question a row: `question, A, B, C, D, answer`, perhaps `id` or an index without a name.

    The name of a file is the topic of its items, so that a folder holds a subject a file.

    Attributes:
        skip_incomplete: leave out rows without question, options or answer.
        encoding: of the files.
    """

    skip_incomplete: bool = False
    encoding: Encoding = "utf-8-sig"

    def read(self, path: str, kind: Kind) -> Iterator[Placed]:
        """The items of a file or folder.

        Raises:
            UserError: a column is missing (those found are named), or an answer is missing or outside the options.
        """
        require_kind(kind, holds="choice", layout="a table of options")
        rows = read_fields(path, encoding=self.encoding)
        yield from complete_items(rows, _item, skip_incomplete=self.skip_incomplete)


def _item(fields: Fields, number: int) -> Item:
    topic = file_stem(fields.where)
    for part in PARTS:
        topic = topic.removesuffix(part)
    letters = [letter for letter in string.ascii_uppercase[:9] if fields.has(letter)]
    options = fields.lettered({letter: fields.value(letter) for letter in letters or "AB"})
    answer = fields.letters(fields.value("answer"), options)
    question = fields.text("question")
    return Item(
        id=f"{topic}-{fields.optional('id', '', 'unnamed: 0') or number}",
        kind="choice",
        question=question,
        answers=(answer,),
        options=options,
        explanation=fields.optional("explanation"),
        topic=topic,
        multiple=len(answer) > 1 or asks_for_several(question),
        negative=is_negative(question),
    )
