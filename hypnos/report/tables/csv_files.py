"""Writes tables as CSV: as they stand in a paper, and one number a line."""

import csv
import math
from collections.abc import Iterable
from pathlib import Path

from hypnos.report.results import Note
from hypnos.report.tables.table import Grid

ENCODING = "utf-8-sig"  # spreadsheet programs take Chinese for something else without the mark


def write_tables(path: Path, grids: Iterable[Grid], notes: Iterable[Note]) -> None:
    """Every table below the other, models by metrics, as it is printed; lines of a title, a head and rows."""
    with path.open("w", encoding=ENCODING, newline="") as stream:
        writer = csv.writer(stream)
        for grid in grids:
            writer.writerow([grid.title])
            writer.writerow([grid.corner, *(_cell(column.title) for column in grid.columns)])
            for label, cells in grid.rows:
                texts = [
                    f"{column.write(cell.value)} {column.write_interval(cell)}".strip() if cell else "–"
                    for column, cell in zip(grid.columns, cells)
                ]
                writer.writerow([_cell(label), *texts])
            writer.writerow([grid.counts()])
            writer.writerow([])
        for note in notes:
            writer.writerow([note.title])
            writer.writerows([list(map(_cell, note.head)), *(list(map(_cell, row)) for row in note.rows)])
            writer.writerow([])


def write_numbers(path: Path, grids: Iterable[Grid]) -> None:
    """One number a line, unrounded, with its interval, n and signature: for a program to read."""
    with path.open("w", encoding=ENCODING, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["table", "model", "metric", "value", "low", "high", "n", "groups", "raters", "signature"])
        for grid in grids:
            for label, cells in grid.rows:
                for column, cell in zip(grid.columns, cells):
                    if cell is not None:
                        ends = ["" if math.isnan(end) else repr(end) for end in (cell.value, cell.low, cell.high)]
                        sizes = [cell.n, cell.groups, cell.raters]
                        writer.writerow([grid.key, _cell(label), column.name, *ends, *sizes, column.signature])


def write_tests(path: Path, notes: Iterable[Note]) -> None:
    """One test between two models a line, unrounded, in the unit of the numbers: for a program to read."""
    with path.open("w", encoding=ENCODING, newline="") as stream:
        writer = csv.writer(stream)
        head = ["table", "measure", "first", "second", "difference", "low", "high", "p", "p_holm"]
        writer.writerow([*head, "n", "groups", "raters", "untested"])
        for note in notes:
            for test in note.tests:
                result = test.comparison
                numbers = (result.difference, result.low, result.high, result.p, result.adjusted)
                names = map(_cell, (note.title, test.measure, test.first, test.second))
                sizes = result.n, result.groups, result.raters
                writer.writerow([*names, *("" if math.isnan(x) else repr(x) for x in numbers), *sizes, result.untested])


def _cell(text: str) -> str:
    """Text that a spreadsheet program does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
