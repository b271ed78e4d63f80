"""A sweep's report from folders as train.py leaves them, written by hand."""

import re

import pytest

from hypnos.errors import UserError
from hypnos.experiment.sweep.arms import read_arms
from hypnos.experiment.sweep.report import choose_reference, write_sweep_report


def test_failed_and_unfinished_arms_are_shown(report):
    text = (report.directory / "report.md").read_text("utf-8")
    for found in (text, report.page.read_text("utf-8"), (report.directory / "report.csv").read_text("utf-8-sig")):
        assert "tuning.lr -1 must be above 0".replace("_", "") in found.replace("\\", "")
        assert "unfinished" in found and "specific" in found


def test_the_files_are_whole_and_the_same_each_time(report, sweep, tmp_path):
    names = {file.name for file in report.directory.iterdir()}
    assert {"report.md", "report.tex", "report.csv", "numbers.csv", "tests.csv", "report.html"} <= names
    assert {"held_out.png", "stages.png", "curve_anesthesia_train_loss.png"} <= names
    again = write_sweep_report(tmp_path / "again", name="mine", arms=read_arms(sweep), dollars_per_hour=2.0)
    for name in names:
        assert (again.directory / name).read_bytes() == (report.directory / name).read_bytes(), name
    page = report.page.read_text("utf-8")
    assert not re.search(r"https?://|@import|url\(", page)
    assert page.count("data:image/png;base64,") == len(report.figures)


def test_a_sweep_of_failures_alone_still_has_a_report(tmp_path, write_arm):
    write_arm(tmp_path / "mine", "experiment=mixed", number=0, state="failed")
    report = write_sweep_report(tmp_path / "report", name="mine", arms=read_arms(tmp_path / "mine"))
    assert report.grids == () and report.notes[0].rows[0][2] == "failed"


@pytest.mark.slow
def test_the_page_in_chromium_has_its_tables_and_figures(report, chromium):
    page = chromium.new_page(viewport={"width": 1300, "height": 900})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(report.page.as_uri())
    assert page.locator("#tables table tbody tr").count() == 2
    assert page.locator("#figures img").count() == len(report.figures)
    assert page.get_by_role("heading", name="Arms", exact=True).count() == 1
    assert page.get_by_role("link").all_inner_texts() == ["Tables", "Figures", "Tests and notes"]  # and no answers
    assert page.get_by_text("tuning.lr -1 must be above 0").count() == 1
    assert faults == []
    page.close()


def test_the_reference_is_the_first_arm_that_is_finished_or_the_one_named(sweep):
    arms = read_arms(sweep)
    assert choose_reference(arms, None) == "general_to_specific" and choose_reference(arms, "mixed") == "mixed"
    assert choose_reference(arms[-1:], None) is None
    with pytest.raises(UserError, match=r"no finished arm 'specific_only' \(there are: general_to_specific, mixed\)"):
        choose_reference(arms, "specific_only")


def test_a_figure_of_arms_that_are_gone_goes_with_the_next_report(report, sweep):
    stale = report.directory / "frontier.png"
    stale.write_bytes(b"\x89PNG")
    again = write_sweep_report(report.directory, name="mine", arms=read_arms(sweep))
    assert not stale.exists() and all(figure.path.is_file() for figure in again.figures)
