"""Reports and tables as LaTeX."""

import re
from dataclasses import replace

import pytest

from hypnos.report.tables.latex import escape, latex_grid
from hypnos.report.tables.metric_tables import task_grids


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
    first = replace(results.answers[0], model=name)
    (grid, *_) = task_grids(replace(results, models=(name,), answers=(first,)), results.tasks[0])
    row = next(line for line in latex_grid(grid).splitlines() if "65.0" in line)
    assert len(re.findall(r"(?<!\\)&", row)) == 1


@pytest.mark.parametrize(("name", "written"), [("[x] base", "{[}x] base"), ("*base", "{*}base")])
def test_a_name_is_no_argument_of_the_end_of_the_line_before_it(name, written, results) -> None:
    first = replace(results.answers[0], model=name)
    (grid, *_) = task_grids(replace(results, models=(name,), answers=(first,)), results.tasks[0])
    assert any(line.startswith(f"    {written} & ") for line in latex_grid(grid).splitlines())


def test_what_latex_reads_as_a_command_is_escaped() -> None:
    assert escape(r"a_b & 5 % \x") == r"a\_b \& 5 \% \textbackslash{}x"
