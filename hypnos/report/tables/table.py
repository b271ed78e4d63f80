"""Holds a table of numbers: models by metrics, each with its interval, its n and its signature."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from hypnos.report.results import Better
from hypnos.report.statistics.intervals import Interval

ARROWS: dict[Better, str] = {"higher": "↑", "lower": "↓", "neither": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One metric of a table: its name in files and its label in print.

    Values are multiplied by `scale` and written with `digits` decimals.
    """

    name: str
    label: str = ""
    signature: str = ""
    better: Better = "higher"
    scale: float = 100.0
    digits: int = 1

    @property
    def title(self) -> str:
        """The label, with an arrow towards what is good."""
        return f"{self.shown} {ARROWS[self.better]}".rstrip()

    @property
    def shown(self) -> str:
        """The label, or the name of a column without one."""
        return self.label or self.name

    def write(self, value: float) -> str:
        """A value as it is printed."""
        return "–" if math.isnan(value) else f"{value * self.scale:.{self.digits}f}"

    def write_interval(self, cell: Interval) -> str:
        """Its interval as it is printed, or nothing."""
        return "" if math.isnan(cell.low) else f"[{self.write(cell.low)}, {self.write(cell.high)}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of numbers.

    Attributes:
        key: names it in files: `aneqa/characters`.
        title: above it.
        columns: what the numbers are.
        rows: a label, usually a model's name, and a cell for each column; None where there is no number.
        corner: heading of the labels.
        note: below it.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Interval | None, ...]], ...]
    corner: str = "model"
    note: str = ""

    @property
    def crossed(self) -> str:
        """What numbers are averaged over beside questions, and resampled with them."""
        return "seeds" if self.corner.startswith("arm") else "raters"

    def best(self, column: int) -> set[str]:
        """Labels of the rows with the best printed value, for bold type; none where all are alike."""
        shown = self.columns[column]
        printed = {
            label: round(cells[column].value * shown.scale, shown.digits)  # type: ignore[union-attr]
            for label, cells in self.rows
            if cells[column] is not None and not math.isnan(cells[column].value)  # type: ignore[union-attr]
        }
        if shown.better == "neither" or len(printed) < 2:
            return set()
        top = (max if shown.better == "higher" else min)(printed.values())
        winners = {label for label, value in printed.items() if value == top}
        return winners if len(winners) < len(printed) else set()

    def counts(self) -> str:
        """How many values stand behind the numbers: one line if all columns agree, otherwise by columns."""
        names_by_count: dict[str, list[str]] = {}
        for number, column in enumerate(self.columns):
            names_by_count.setdefault(self._count(number), []).append(column.shown)
        if len(names_by_count) == 1:
            return next(iter(names_by_count))
        return "; ".join(f"{', '.join(names)}: {count}" for count, names in names_by_count.items())

    def signatures(self) -> Iterator[tuple[str, str]]:
        """Yields names of columns, joined where they share a signature, and the signature."""
        names_by_signature: dict[str, list[str]] = {}
        for column in self.columns:
            if column.signature:
                names_by_signature.setdefault(column.signature, []).append(column.shown)
        for signature, names in names_by_signature.items():
            yield ", ".join(names), signature

    def _count(self, column: int) -> str:
        cells = [cells[column] for _, cells in self.rows if cells[column] is not None]
        if not cells:
            return "n = 0"
        parts = [
            f"n = {_span([cell.n for cell in cells if cell])}",
            f"groups = {_span([cell.groups for cell in cells if cell])}",
        ]
        crossed = [cell.raters for cell in cells if cell]
        return ", ".join(parts + ([f"{self.crossed} = {_span(crossed)}"] if any(crossed) else []))


def _span(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
