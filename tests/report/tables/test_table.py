"""The best of a column, and what stands below a table."""

import pytest

from hypnos.report.statistics.intervals import Interval
from hypnos.report.tables.table import Column, Grid


@pytest.mark.parametrize(
    ("better", "values", "best"),
    [
        ("higher", [0.5, 0.7], {"b"}),
        ("lower", [0.5, 0.7], {"a"}),
        ("neither", [0.5, 0.7], set()),
        ("higher", [0.5001, 0.5002], set()),  # the same as printed
        ("higher", [0.7, float("nan")], set()),
    ],
)
def test_the_best_is_the_best_as_printed(better, values, best) -> None:
    rows = tuple((label, (Interval(value, 0, 1, 1, 1),)) for label, value in zip("ab", values))
    grid = Grid(key="k", title="t", columns=(Column(name="m", better=better),), rows=rows)
    assert grid.best(0) == best


def test_counts_are_one_line_where_columns_agree_and_name_the_columns_where_they_do_not() -> None:
    columns = (Column(name="a", signature="s"), Column(name="b", signature="s"), Column(name="c"))
    same, fewer = Interval(0.5, 0, 1, 8, 4), Interval(0.5, 0, 1, 3, 2, raters=2)
    grid = Grid(key="k", title="t", columns=columns, rows=(("m", (same, same, same)), ("o", (same, None, same))))
    assert grid.counts() == "n = 8, groups = 4"
    mixed = Grid(key="k", title="t", columns=columns, rows=(("m", (same, fewer, None)), ("o", (fewer, fewer, None))))
    assert mixed.counts() == (
        "a: n = 3 to 8, groups = 2 to 4, raters = 0 to 2; b: n = 3, groups = 2, raters = 2; c: n = 0"
    )
    assert list(grid.signatures()) == [("a, b", "s")]
