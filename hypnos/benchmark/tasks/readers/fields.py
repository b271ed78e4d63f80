"""Reads one row of a benchmark file: its fields by name, and one clear line where one is missing or wrong."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.artefacts.hub import bare_name
from hypnos.benchmark.items import Item
from hypnos.benchmark.letters import plain_letters, sorted_letters
from hypnos.corpus.cells import cell_text
from hypnos.corpus.files import read_rows
from hypnos.corpus.formats import Malformed
from hypnos.corpus.options import read_options
from hypnos.errors import UserError

Placed = tuple[str, Item]
"""Where an item stands (`file:line`), and the item."""

EGRESS = ("any", "local")


class Incomplete(UserError):
    """A row without its question, options or answer, as some public files have; a reader may leave it out."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A row and its place; names of columns are compared without case.

    Attributes:
        where: `file:line`.
        values: what stands in the row, by small name.
        columns: the names as they stand in the file.
    """

    where: str
    values: Mapping[str, Any]
    columns: tuple[str, ...]

    def has(self, *names: str) -> bool:
        """Whether one of these columns is there."""
        return any(name.lower() in self.values for name in names)

    def is_filled(self, name: str) -> bool:
        """Whether this column is there and holds anything."""
        return name in self.values and not _is_empty(self.values[name])

    def value(self, *names: str) -> Any:
        """What stands in the first of these columns that is not empty, or else in the first that is there.

        Raises:
            UserError: none is; the columns found are named.
        """
        there = [self.values[name.lower()] for name in names if name.lower() in self.values]
        if not there:
            columns = ", ".join(self.columns) or "none"
            raise UserError(f"{self.where}: no column {' or '.join(names)}; columns found: {columns}")
        return next((value for value in there if not _is_empty(value)), there[0])

    def text(self, *names: str) -> str:
        """Text that must be there.

        Raises:
            UserError: there is no such column, or it holds no text.
            Incomplete: it is empty.
        """
        text = self._text_of(self.value(*names), names[0])
        if not text:
            raise Incomplete(f"{self.where}: empty {names[0]}")
        return text

    def optional(self, *names: str) -> str:
        """Text, or nothing where the column is missing or empty.

        Raises:
            UserError: it holds no text.
        """
        return self._text_of(self.value(*names), names[0]) if self.has(*names) else ""

    def whole_number(self, name: str) -> int | None:
        """A count, written 5, "5" or 5.0; None where the column is missing or empty.

        Raises:
            UserError: something else stands there.
        """
        text = self.optional(name)
        if text and not re.fullmatch(r"\d+(?:\.0+)?", text):
            raise UserError(f"{self.where}: {name} must be a whole number, not {text!r}")
        return int(text.partition(".")[0]) if text else None

    def texts(self, *names: str) -> tuple[str, ...]:
        """Reference answers: text, a list of text, or SQuAD's objects with `text`; each once.

        Raises:
            UserError: one is no text.
            Incomplete: there is no answer.
        """
        parts = _flatten(self.value(*names))
        texts = tuple(dict.fromkeys(text for part in parts if (text := self._text_of(part, names[0]))))
        if not texts:
            raise Incomplete(f"{self.where}: missing answers")
        return texts

    def options(self, *names: str) -> dict[str, str]:
        """Options by letter, in any form of `hypnos.corpus.options`; empty ones are left out.

        Raises:
            UserError: they have another form, or one is no text.
            Incomplete: fewer than two hold text.
        """
        return self.lettered(self.value(*names), names[0])

    def lettered(self, value: Any, name: str = "options") -> dict[str, str]:
        """Options from what a column holds, or from a mapping made of several columns."""
        try:
            options = read_options(value)
        except ValueError as error:
            raise UserError(f"{self.where}: {name}: {error}") from error
        if len(options) < 2:
            raise Incomplete(f"{self.where}: fewer than two options")
        return options

    def letters(self, value: Any, options: Mapping[str, str]) -> str:
        """The right letters, sorted, from `BD`, `D,B`, `Ｂ、Ｄ`, `B和D` or a list.

        Raises:
            Incomplete: there are none.
            UserError: something else stands there, a letter twice, or an answer outside the options.
        """
        parts = value if isinstance(value, list) else [value]
        text = "".join(self._text_of(part, "answer") for part in parts)
        if not text:
            raise Incomplete(f"{self.where}: missing answers")
        letters = plain_letters(text)
        if not re.fullmatch("[A-Z]+", letters):
            raise UserError(f"{self.where}: the answer must be letters of options, not {text[:40]!r}")
        outside = [letter for letter in letters if letter not in options]
        if outside:
            known = ", ".join(options)
            raise UserError(f"{self.where}: the answer {outside[0]} is outside the options ({known})")
        if len(set(letters)) < len(letters):
            raise UserError(f"{self.where}: the answer {text[:40]!r} names a letter twice")
        return sorted_letters(letters)

    def egress(self) -> str:
        """`any`, or `local` for what must never leave the machine.

        Raises:
            UserError: another word stands there: it must not be taken for `any`.
        """
        egress = self.optional("egress") or "any"
        if egress not in EGRESS:
            raise UserError(f"{self.where}: egress must be any or local, not {egress!r}")
        return egress

    def _text_of(self, value: Any, name: str) -> str:
        try:
            return cell_text(value)
        except ValueError as error:
            raise UserError(f"{self.where}: {name} {error}") from error


def _is_empty(value: Any) -> bool:
    return value in (None, "", [], {}) or value != value or (isinstance(value, str) and not value.strip())


def _flatten(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping) and "text" in value:
        value = value["text"]
    if isinstance(value, list | tuple):
        for part in value:
            yield from _flatten(part)
    else:
        yield value


def read_fields(path: str, *, encoding: str = "utf-8-sig") -> Iterator[Fields]:
    """The rows of a file or folder.

    Raises:
        UserError: a row cannot be parsed or is no object; see also `hypnos.corpus.files.read_rows`.
    """
    for where, row in read_rows(path, encoding=encoding):
        yield as_fields(where, row)


def as_fields(where: str, row: Any) -> Fields:
    """One parsed row.

    Raises:
        UserError: it is malformed, or no object.
    """
    if isinstance(row, Malformed):
        raise UserError(f"{where}: {row}")
    if not isinstance(row, Mapping):
        raise UserError(f"{where}: a question must be an object, not {type(row).__name__}")
    values = {str(key).strip().lower(): value for key, value in row.items()}
    return Fields(where, values, tuple(str(key) or '""' for key in row))


def file_stem(where: str) -> str:
    """The name of the file a row stands in, without suffix: the subject in sets of a file each."""
    where = bare_name(where.rpartition("://")[2])
    return Path(where.rpartition(":" if ":" in where else "#")[0]).stem
