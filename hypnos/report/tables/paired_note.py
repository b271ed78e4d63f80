"""Lays tests between models out as a finished table."""

from collections.abc import Sequence

from hypnos.report.results import Note, PairedTest
from hypnos.report.statistics.paired_tests import TESTS, write_p
from hypnos.report.tables.table import Column


def paired_note(title: str, tests: Sequence[tuple[Column, PairedTest]], *, measure: str, crossed: str = "") -> Note:
    """A table of tests, each with the column that its values are written as.

    Args:
        title: above it.
        tests: corrected already.
        measure: heading of what is measured, such as `metric`.
        crossed: what questions are crossed with, such as `raters`, if anything: it has a column then.
    """
    rows = []
    for column, test in tests:
        result = test.comparison
        interval = f"[{column.write(result.low)}, {column.write(result.high)}]"
        p_values = (write_p(result.p, result.untested), write_p(result.adjusted, result.untested))
        sizes = (str(result.n), str(result.groups), *([str(result.raters)] if crossed else []))
        names = test.measure, test.first, test.second
        rows.append((*names, column.write(result.difference), interval, *p_values, *sizes))
    head = (measure, "first", "second", "first − second", "95 % interval", "p", "p (Holm)", "n", "groups")
    return Note(
        title=title,
        head=(*head, *([crossed] if crossed else [])),
        rows=tuple(rows),
        text=f"Paired by question{f' and {crossed}' if crossed else ''}. {TESTS}. Holm's correction over the tests of "
        f"each {measure}. – where the two give the same values.",
        tests=tuple(test for _, test in tests),
    )
