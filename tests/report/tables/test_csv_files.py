"""Tables as CSV: for a paper, and for a program."""

import csv
from dataclasses import replace

import pytest

from hypnos.report.report import write_report


def test_numbers_are_one_a_line_unrounded_and_signed(report, results) -> None:
    with (report.directory / "numbers.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = {(row["table"], row["model"], row["metric"]): row for row in rows}
    row = found["open/characters", "good", "rouge_l"]
    assert float(row["value"]) == pytest.approx(0.65) and float(row["low"]) < 0.65 < float(row["high"])
    assert (row["n"], row["groups"], row["signature"]) == ("4", "4", "sign:rouge_l")
    assert found["open/raters", "good", "无害性"]["raters"] == "2"
    assert len(rows) == sum(cell is not None for grid in report.grids for _, cells in grid.rows for cell in cells)


def test_tests_are_one_a_line_unrounded(report) -> None:
    with (report.directory / "tests.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    lines = {(row["table"], row["measure"]): row for row in rows}
    accuracy = lines["AneCQ: differences between models", "Accuracy"]
    assert float(accuracy["difference"]) == pytest.approx(1 / 3) and accuracy["untested"] == "not testable"
    assert (accuracy["first"], accuracy["second"], accuracy["p"], accuracy["p_holm"]) == ("good", "bad", "", "")
    assert lines["open: rated by people, differences between models", "有用性"]["raters"] == "2"
    assert len(rows) == sum(len(note.tests) for note in report.notes) > 5


def test_the_csv_is_laid_out_as_in_a_paper(report) -> None:
    with (report.directory / "report.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    at = rows.index(["AneQA: answers against references, on characters"])
    assert rows[at + 1] == ["model", "ROUGE-L ↑"]
    assert rows[at + 2][0] == "good" and rows[at + 2][1].startswith("65.0 [")


def test_a_name_that_looks_like_a_formula_stays_text(results, tmp_path) -> None:
    name = "=HYPERLINK(1)"
    renamed = replace(
        results,
        models=(name,),
        answers=tuple(replace(a, model=name) for a in results.answers[:2]),
        ratings=(),
        verdicts=(),
        duels=(),
    )
    report = write_report(tmp_path, results=renamed)
    for file in ("report.csv", "numbers.csv", "tests.csv"):
        with (report.directory / file).open(encoding="utf-8-sig", newline="") as stream:
            assert not [cell for row in csv.reader(stream) for cell in row if cell.startswith("=")]
