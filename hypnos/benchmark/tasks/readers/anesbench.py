"""Reads AnesBench in both layouts: the bilingual file of 2025 and the two files by language (DOMAIN.md, 5)."""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hypnos.artefacts.ranges import Encoding
from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.tasks.readers.complete import complete_items, require_kind
from hypnos.benchmark.tasks.readers.fields import Fields, Placed, read_fields
from hypnos.benchmark.tasks.readers.stems import is_negative
from hypnos.errors import UserError

PREFIXES = {"zh": ("zh_", "cn_", ""), "en": ("en_", "")}
"""Of columns, by language, in the order in which they are tried: the card names both zh_ and cn_."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnesBench:
    """One choice question a row: `question`, `A`.. (perhaps with a prefix), `answer`, `level`, `choice_num`.

    Attributes:
        language: `zh` or `en`.
        skip_incomplete: leave out rows without question, options or answer.
        encoding: of the file.
    """

    language: Literal["zh", "en"] = "zh"
    skip_incomplete: bool = False
    encoding: Encoding = "utf-8-sig"

    def __post_init__(self) -> None:
        if self.language not in PREFIXES:
            raise UserError(f"reader.language: {self.language!r} is none of {', '.join(PREFIXES)}")

    def read(self, path: str, kind: Kind) -> Iterator[Placed]:
        """The items of the file.

        Raises:
            UserError: no known columns are there (those found are named), or an answer is missing or outside.
        """
        require_kind(kind, holds="choice", layout="AnesBench")
        rows = read_fields(path, encoding=self.encoding)
        yield from complete_items(rows, self._item, skip_incomplete=self.skip_incomplete)

    def _item(self, fields: Fields, number: int) -> Item:
        prefixes = PREFIXES[self.language]
        question = fields.text(*(f"{prefix}question" for prefix in prefixes))
        letters = string.ascii_uppercase[: fields.whole_number("choice_num") or 15]
        names = {letter: [prefix + letter for prefix in prefixes] for letter in string.ascii_uppercase[:15]}
        if not fields.has(*names["A"]) or not fields.has(*names["B"]):
            raise UserError(
                f"{fields.where}: no columns {prefixes[0]}A, {prefixes[0]}B; columns found: {', '.join(fields.columns)}"
            )
        # Letters beyond choice_num are filling of the table.
        options = fields.lettered({letter: fields.optional(*names[letter]) for letter in letters})
        answer = fields.letters(fields.value("answer"), options)
        return Item(
            id=fields.optional("id") or str(number),
            kind="choice",
            question=question,
            answers=(answer,),
            options=options,
            level=fields.optional("level"),
            multiple=len(answer) > 1,
            negative=is_negative(question),
        )
