"""Reads one row of a benchmark file: its fields by name, and one clear line where one is missing or wrong."""

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.artefacts.hub import HUB
from hypnos.benchmark.items import Item
from hypnos.benchmark.letters import plain_letters, sorted_letters
from hypnos.corpus.files import Malformed, read_rows
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

    def value(self, *names: str) -> Any:
        """What stands in the first of these columns that is there.

        Raises:
            UserError: none is; the columns found are named.
        """
        for name in names:
            if name.lower() in self.values:
                return self.values[name.lower()]
        columns = ", ".join(self.columns) or "none"
        raise UserError(f"{self.where}: no column {' or '.join(names)}; columns found: {columns}")

    def text(self, *names: str) -> str:
        """Text that must be there.

        Raises:
            UserError: there is no such column.
            Incomplete: it is empty.
        """
        text = _as_text(self.value(*names))
        if not text:
            raise Incomplete(f"{self.where}: empty {names[0]}")
        return text

    def optional(self, *names: str) -> str:
        """Text, or nothing where the column is missing or empty."""
        return _as_text(self.value(*names)) if self.has(*names) else ""

    def texts(self, *names: str) -> tuple[str, ...]:
        """Reference answers: text, a list of text, or SQuAD's objects with `text`; each once.

        Raises:
            Incomplete: there is no answer.
        """
        texts = tuple(dict.fromkeys(text for text in _flatten(self.value(*names)) if text))
        if not texts:
            raise Incomplete(f"{self.where}: missing answers")
        return texts

    def options(self, *names: str) -> dict[str, str]:
        """Options by letter: an object, a list, or text with an option a line; empty ones are left out.

        Raises:
            UserError: they have another form, or fewer than two hold text.
        """
        value = self.value(*names)
        if isinstance(value, str):
            value = _split_options(value)
        elif isinstance(value, list):
            value = {chr(ord("A") + number): text for number, text in enumerate(value)}
        if not isinstance(value, Mapping):
            raise UserError(f"{self.where}: {names[0]} must be an object of letters, a list or lines of text")
        return self.lettered(value)

    def lettered(self, value: Mapping[str, Any]) -> dict[str, str]:
        """Options from a mapping by letter, in the order of the letters."""
        options = {plain_letters(str(letter)): _as_text(text) for letter, text in value.items()}
        wrong = [letter for letter in options if not re.fullmatch("[A-Z]", letter)]
        if wrong:
            raise UserError(f"{self.where}: {wrong[0]!r} is no letter of an option")
        options = {letter: options[letter] for letter in sorted(options) if options[letter]}
        if len(options) < 2:
            raise Incomplete(f"{self.where}: fewer than two options")
        return options

    def letters(self, value: Any, options: Mapping[str, str]) -> str:
        """The right letters, sorted, from `BD`, `D,B`, `Ｂ、Ｄ`, `B和D` or a list.

        Raises:
            Incomplete: there are none.
            UserError: something else stands there, or an answer outside the options.
        """
        text = "".join(map(str, value)) if isinstance(value, list) else _as_text(value)
        if not text:
            raise Incomplete(f"{self.where}: missing answers")
        letters = plain_letters(text)
        if not re.fullmatch("[A-Z]+", letters):
            raise UserError(f"{self.where}: the answer must be letters of options, not {text[:40]!r}")
        outside = [letter for letter in letters if letter not in options]
        if outside:
            known = ", ".join(options)
            raise UserError(f"{self.where}: the answer {outside[0]} is outside the options ({known})")
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


def _as_text(value: Any) -> str:
    # Tables that passed through pandas hold nan where a cell was empty.
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).strip()


def _flatten(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, list | tuple):
        for part in value:
            yield from _flatten(part)
    else:
        yield _as_text(value)


OPTION_LINE = re.compile(r"^\s*[(（]?([A-Za-zＡ-Ｚａ-ｚ])\s*(?:[.．、:：)）]|\s)\s*(.*)$")


def _split_options(text: str) -> dict[str, str]:
    """CMExam: one string, an option a line; a line without a letter goes on with the option before it."""
    options: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        match = OPTION_LINE.match(line)
        letter = unicodedata.normalize("NFKC", match[1]).upper() if match else ""
        # Only the next letter begins an option: "C 反应蛋白" may well stand within one.
        if match and letter == chr(ord("A") + len(options)):
            options[letter], last = match[2].strip(), letter
        elif last and line.strip():
            options[last] = f"{options[last]} {line.strip()}".strip()
    return options


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
    return Path(where.removeprefix(HUB).rpartition(":" if ":" in where else "#")[0]).stem
