"""The files of a report."""

import csv
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from hypnos.report.report import write_report
from hypnos.report.tables.latex import escape as escape_latex
from hypnos.report.tables.latex import latex_grid
from hypnos.report.tables.markdown import escape as escape_markdown
from hypnos.report.tables.markdown import markdown_grid
from hypnos.report.tables.metric_tables import task_grids


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Keeps one report for the tests of this file that only read it."""
    return {}


@pytest.fixture
def report(results, drugs, made, tmp_path_factory):
    if "report" not in made:
        made["report"] = write_report(tmp_path_factory.mktemp("report"), results=results, drugs=drugs)
    return made["report"]


def test_every_file_is_there_and_nothing_else(report) -> None:
    names = {file.name for file in report.directory.iterdir()}
    assert {"report.md", "report.tex", "report.csv", "numbers.csv", "report.html"} <= names
    assert {
        "open_headline.png",
        "open_topics.png",
        "pick_headline.png",
        "pick_by_level.png",
        "open_raters.png",
    } <= names
    assert all(not name.startswith(".") for name in names)
    for figure in report.figures:
        assert figure.path.read_bytes().startswith(b"\x89PNG")


def test_the_same_results_give_the_same_bytes(report, results, drugs, tmp_path) -> None:
    again = write_report(tmp_path, results=results, drugs=drugs)
    for file in report.directory.iterdir():
        assert file.read_bytes() == (again.directory / file.name).read_bytes(), file.name


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


def test_numbers_are_one_a_line_unrounded_and_signed(report, results) -> None:
    with (report.directory / "numbers.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = {(row["table"], row["model"], row["metric"]): row for row in rows}
    row = found["open/characters", "good", "rouge_l"]
    assert float(row["value"]) == pytest.approx(0.65) and float(row["low"]) < 0.65 < float(row["high"])
    assert (row["n"], row["groups"], row["signature"]) == ("4", "4", "sign:rouge_l")
    assert found["open/raters", "good", "无害性"]["raters"] == "2"
    assert len(rows) == sum(cell is not None for grid in report.grids for _, cells in grid.rows for cell in cells)


def test_the_csv_is_laid_out_as_in_a_paper(report) -> None:
    with (report.directory / "report.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    at = rows.index(["AneQA: answers against references, on characters"])
    assert rows[at + 1] == ["model", "ROUGE-L ↑"]
    assert rows[at + 2][0] == "good" and rows[at + 2][1].startswith("65.0 [")


def test_latex_is_balanced_and_holds_no_raw_text(report) -> None:
    text = (report.directory / "report.tex").read_text("utf-8")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == text.count(r"\toprule") > 5
    assert r"\textbf{65.0}" in text and "ROUGE-L $\\uparrow$" in text
    assert "<script" not in text and len(set(re.findall(r"\\label\{(.*?)\}", text))) == text.count(r"\label{")
    for table in re.findall(r"\\toprule\n(.*?)\\bottomrule", text, re.S):
        widths = {len(re.findall(r"(?<!\\)&", line)) for line in table.splitlines() if line.rstrip().endswith(r"\\")}
        assert len(widths) == 1
    plain = re.sub(r"\\[{}]", "", text)
    assert plain.count("{") == plain.count("}")


@pytest.mark.parametrize("name", ["a|b", "_x_", "<b>", "50 % & more", r"a\b{c}", "模型*"])
def test_names_cannot_break_a_table(name, results) -> None:
    task = results.tasks[0]
    renamed = replace(
        results, models=(name,), answers=tuple(replace(a, model=name) for a in results.answers if a.model == "good")
    )
    grid = task_grids(renamed, task)[0]
    row = next(line for line in markdown_grid(grid).splitlines() if "65.0" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 3 and "<b>" not in row
    body = next(line for line in latex_grid(grid).splitlines() if "65.0" in line)
    assert len(re.findall(r"(?<!\\)&", body)) == 1


def test_escapes() -> None:
    assert escape_latex(r"a_b & 5 % \x") == r"a\_b \& 5 \% \textbackslash{}x"
    assert escape_markdown("a|b\n<i>") == r"a\|b &lt;i>"


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
    for file in ("report.csv", "numbers.csv"):
        with (report.directory / file).open(encoding="utf-8-sig", newline="") as stream:
            assert not [cell for row in csv.reader(stream) for cell in row if cell.startswith("=")]


def test_one_model_one_task_is_a_report_too(results, tmp_path) -> None:
    small = replace(
        results,
        models=("good",),
        tasks=results.tasks[1:],
        answers=results.answers[1:2],
        ratings=(),
        verdicts=(),
        duels=(),
        notes=(),
    )
    report = write_report(tmp_path, results=small)
    assert "**" not in (tmp_path / "report.md").read_text("utf-8") and report.page.is_file()
