"""Reports and tables as Markdown."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from hypnos.report.tables.markdown import escape, markdown_grid
from hypnos.report.tables.metric_tables import task_grids


def test_markdown_tables_hold_number_interval_n_and_signature(report) -> None:
    text = (report.directory / "report.md").read_text("utf-8")
    table = text[text.index("### AneCQ: choice") :]
    assert re.search(r"\| good \| \*\*83\.3\*\* \[\d+\.\d, \d+\.\d\] \| 0\.0 \[0\.0, \d+\.\d\] \|", table)
    assert "n = 6, groups = 3." in table and "- Accuracy: `sign:accuracy`" in table
    assert "4 questions of kind question, version `abc`" in text
    assert "| 有用性 | 0.71 |" in text and "![AneQA: headline metrics](open_headline.png)" in text


def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head(report) -> None:
    lines = (report.directory / "report.md").read_text("utf-8").splitlines()
    widths = [len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0 for line in lines]
    assert all(a == b for a, b in pairwise(widths) if a and b)


@pytest.mark.parametrize("name", ["a|b", "_x_", "<b>", "50 % & more", r"a\b{c}", "模型*"])
def test_names_cannot_break_a_table(name, results) -> None:
    first = replace(results.answers[0], model=name)
    (grid, *_) = task_grids(replace(results, models=(name,), answers=(first,)), results.tasks[0])
    row = next(line for line in markdown_grid(grid).splitlines() if "65.0" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 3 and "<b>" not in row


@pytest.mark.parametrize("title", ["心血管|循环", "药理_A*", "[x] base"])
def test_titles_of_columns_cannot_break_a_table(title, results) -> None:
    (grid, *_) = task_grids(results, results.tasks[0])
    columns = [replace(column, label=title) for column in grid.columns]
    head, rule, *rows = [
        line for line in markdown_grid(replace(grid, columns=columns)).splitlines() if line.startswith("|")
    ]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in (head, *rows)} == {rule.count("|")}
    assert head.count(escape(title)) == len(columns)


def test_what_markdown_reads_as_a_sign_is_escaped() -> None:
    assert escape("a|b\n<i>") == r"a\|b &lt;i>"
