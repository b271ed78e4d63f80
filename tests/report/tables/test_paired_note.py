"""Tests between two models as a finished table."""

from hypnos.report.results import PairedTest
from hypnos.report.statistics.paired_tests import Comparison
from hypnos.report.tables.paired_note import paired_note
from hypnos.report.tables.table import Column

SCORE = Column(name="score", scale=1.0, digits=2)
RATED = PairedTest(
    measure="score", first="a", second="b", comparison=Comparison(1.5, 1.0, 2.0, 0.0004, 40, 20, 0.012, raters=2)
)
FEW = PairedTest(measure="score", first="a", second="c", comparison=Comparison(1, 0, 2, 0.9, 4, 4, untested="too few"))


def test_values_are_written_as_their_column_writes_them() -> None:
    note = paired_note("t", [(SCORE, RATED), (SCORE, FEW)], measure="scale", crossed="raters")
    assert note.head[0] == "scale" and note.head[-1] == "raters"
    assert note.rows[0] == ("score", "a", "b", "1.50", "[1.00, 2.00]", "< 0.001", "0.012", "40", "20", "2")
    assert note.rows[1][5:7] == ("too few", "too few") and note.tests == (RATED, FEW)
    assert note.text.startswith("Paired by question and raters.")


def test_without_raters_there_is_no_column_for_them() -> None:
    note = paired_note("t", [(SCORE, RATED)], measure="metric")
    assert note.head[-1] == "groups" and len(note.rows[0]) == len(note.head)
