"""Holds everything that a report is written from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hypnos.report.results import Note, Results
from hypnos.report.tables.table import Grid

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that a report is written from.

    Attributes:
        results: its title; and questions and answers, for the page.
        grids: tables of numbers.
        notes: finished tables.
        sections: Markdown that stands above the notes; None for the tables, one below the other.
        opens: the first note opens the report, above everything else.
        method: how the numbers were made, one sentence.
        language: of the page; everything else is in English.
    """

    results: Results
    grids: tuple[Grid, ...]
    notes: tuple[Note, ...]
    sections: Sequence[str] | None = None
    opens: bool = False
    method: str = ""
    language: Language = "en"
