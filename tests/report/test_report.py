"""The files of a report."""

from dataclasses import replace

from hypnos.report.report import write_report


def test_every_file_is_there_and_nothing_else(report) -> None:
    names = {file.name for file in report.directory.iterdir()}
    assert {"report.md", "report.tex", "report.csv", "numbers.csv", "tests.csv", "report.html"} <= names
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
