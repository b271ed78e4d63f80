"""A report's numbers and answers as W&B takes them."""

import math
from dataclasses import replace

import pytest

from hypnos.report.boards.send_report import report_pictures
from hypnos.report.boards.tables import answer_rows, every_value, grid_rows, headline_values, report_tables


def test_every_number_becomes_a_row(report) -> None:
    grid = next(grid for grid in report.grids if grid.key == "open/answers")
    rows = grid_rows(grid)
    assert rows[0][:3] == ["good", "length", pytest.approx(8.5)] and rows[0][5:] == [4, 4, 0, "sign:length"]
    variance = next(grid for grid in report.grids if grid.key == "open/raters_variance")
    assert grid_rows(variance)[0][3] is None  # no interval


def test_a_number_that_is_none_is_no_nan(report) -> None:
    grid = next(grid for grid in report.grids if grid.key == "open/answers")
    (label, (first, *others)), *rows = grid.rows
    lost = replace(grid, rows=((label, (replace(first, value=math.nan), *others)), *rows))
    assert grid_rows(lost)[0][2] is None


def test_headline_values_by_task_metric_and_model(report, results) -> None:
    values = headline_values(report, results)
    assert values["open/rouge_l/good"] == pytest.approx(0.65)
    assert set(values) == {
        f"{name}/{model}" for name in ("open/rouge_l", "open/unsafe", "pick/accuracy") for model in ("good", "bad")
    }


def test_answers_stand_in_a_table_with_their_numbers(results) -> None:
    (task, pick) = results.tasks
    head, first, *others = answer_rows(results, task, 3)
    assert head == [
        "model",
        "item",
        "question",
        "references",
        "answer",
        "choice",
        "rouge_l",
        "unsafe",
        "length",
    ]  # no metric of the whole task
    assert first[:6] == ["good", "q0", "第 0 问", "罗库溴铵 0.6 mg/kg。", "罗库溴铵 0.6 mg/kg。", None]
    assert dict(zip(head[6:], first[6:]))["rouge_l"] == pytest.approx(0.9)
    assert [row[0] for row in others] == ["good", "good", "bad", "bad", "bad"]
    assert answer_rows(results, pick, 1)[1][5] == "A"
    assert answer_rows(results, replace(task, hidden=True), 3) == [head]


def test_every_table_note_and_figure_has_a_name_of_its_own(report) -> None:
    tables, pictures = report_tables(report), report_pictures(report)
    assert tables["open/characters"][0][:3] == ("model", "metric", "value")
    assert list(map(list, tables["notes/Agreement"][1:])) == [["有用性", "0.71"]]
    assert f"figures/{report.figures[0].path.stem}" in pictures
    assert len(tables) + len(pictures) == len(report.grids) + len(report.notes) + len(report.figures)
    assert every_value(report)["open/characters/rouge_l/good"] == pytest.approx(0.65)
