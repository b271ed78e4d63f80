"""Defines the rules of cleaning, one that reads the specialty's drugs among them, and the texts they look at."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from hypnos.artefacts.keys import file_key
from hypnos.curation.pipeline.step import RecordRow
from hypnos.specialty.doses import VERSION as DOSES
from hypnos.specialty.drugs import Drug, read_windows
from hypnos.specialty.folder import find_specialty

FIELDS = ("instruction", "input", "output")
BESIDE = ("system", "reasoning")
"""Texts that some records have besides; a patient's name stands there as often."""


class Rule(ABC):
    """Looks at one row, with what it has learnt from all; rules are dataclasses, whose fields are their settings."""

    @abstractmethod
    def check(self, row: RecordRow) -> RecordRow | str | None:
        """Look at a row.

        Returns:
            None if there is nothing to say; a reason, short and in English, to reject the row, and behind ": " the
            words of the row that show it, where it has such; or the row that takes its place.
        """

    def learnt_from(self, rows: Iterable[RecordRow]) -> "Rule":
        """The rule that looks at these rows; one that learns from them first is another than before."""
        return self

    def key(self) -> dict[str, Any]:
        """What decides, as plain values; a rule that reads files adds their content."""
        return {"rule": type(self).__name__, **{name: _plain(getattr(self, name)) for name in _fields(self)}}


def _fields(rule: Rule) -> Iterator[str]:
    return (name for name in getattr(rule, "__dataclass_fields__", {}) if not name.startswith("_"))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else value


@dataclass(frozen=True, kw_only=True)
class DrugRule(Rule):
    """A rule that knows the specialty's drugs, and reads files of its folder.

    Attributes:
        specialty: the folder, or its name below `root/specialty`.
        root: of the project.
    """

    specialty: str
    root: str = "."

    FILES: ClassVar[tuple[str, ...]] = ("doses.yaml",)

    def key(self) -> dict[str, Any]:
        settings = {name: value for name, value in super().key().items() if name not in ("specialty", "root")}
        return settings | {"doses": DOSES} | {name: file_key(self.folder / name) for name in self.FILES}

    def learnt_from(self, rows: Iterable[RecordRow]) -> "DrugRule":
        """The rule itself, with its files read: whoever it is sent to may not have them."""
        for kind in type(self).__mro__:
            for name, part in vars(kind).items():
                if isinstance(part, cached_property):
                    getattr(self, name)
        return self

    @cached_property
    def folder(self) -> Path:
        return find_specialty(self.specialty, Path(self.root))

    @cached_property
    def drugs(self) -> tuple[Drug, ...]:
        return read_windows(self.folder / "doses.yaml")


def text_of(row: Mapping[str, Any], field: str) -> str:
    """The text of a field; "" where there is none."""
    value = row.get(field)
    return value if isinstance(value, str) else ""


def question_of(row: Mapping[str, Any]) -> str:
    """The question with its material."""
    return f"{text_of(row, 'instruction')}\n{text_of(row, 'input')}".strip()


def rewrite(row: RecordRow, change: Callable[[str], str]) -> RecordRow | None:
    """Change every text of a row, earlier turns included; None if that changes nothing."""
    changed: RecordRow = {field: change(row[field]) for field in (*FIELDS, *BESIDE) if isinstance(row.get(field), str)}
    history = row.get("history")
    if isinstance(history, list | tuple):
        changed["history"] = [_turn(turn, change) for turn in history]
    if all(row[field] == value for field, value in changed.items()):
        return None
    return row | changed


def _turn(turn: Any, change: Callable[[str], str]) -> Any:
    return (
        [_turn(part, change) for part in turn]
        if isinstance(turn, list | tuple)
        else (change(turn) if isinstance(turn, str) else turn)
    )
