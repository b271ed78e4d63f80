"""The page, in headless Chromium: nothing of a model's text is ever read as markup."""

import json
import re
from dataclasses import replace

import pytest

from hypnos.report.pages.report_page import as_data
from hypnos.report.report import write_report

SCRIPT = "<script>"


@pytest.fixture
def page_file(results, drugs, tmp_path):
    return write_report(tmp_path, results=results, drugs=drugs).page


def test_the_page_needs_no_network_and_holds_no_foreign_markup(page_file) -> None:
    text = page_file.read_text("utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#|data:)""", text)
    assert not re.search(r"https?://|@import|url\(", text)
    assert text.count("<script") == 2 and "default-src 'none'" in text
    data = text[text.index('id="data">') + 10 :]
    assert "<" not in data[: data.index("</script>")]


def test_data_survives_what_would_end_its_element() -> None:
    value = {"text": "</script><!--<script>\u2028 &amp; 麻醉"}
    assert json.loads(as_data(value)) == value and "<" not in as_data(value)


def test_texts_of_hidden_tasks_stay_out(results, drugs, tmp_path) -> None:
    hidden = replace(results, tasks=(replace(results.tasks[0], hidden=True), results.tasks[1]))
    out = write_report(tmp_path / "out", results=hidden, drugs=drugs).page.read_text("utf-8")
    assert "第 1 问" not in out and "静注肾上腺素" not in out and "选择 1" in out
    kept = write_report(tmp_path / "in", results=hidden, drugs=drugs, show_hidden=True).page.read_text("utf-8")
    assert "第 1 问" in kept


@pytest.mark.slow
class TestInChromium:
    @pytest.fixture
    def page(self, page_file, chromium):
        page = chromium.new_page(viewport={"width": 1300, "height": 900})
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:")) else page.faults.append(request.url),
        )
        page.goto(page_file.as_uri())
        yield page
        page.close()

    def test_scripts_in_texts_are_shown_and_not_run(self, page) -> None:
        page.get_by_label("Search").fill("owned")
        assert page.locator(".question").count() == 2  # one question and one answer hold it
        assert SCRIPT in page.locator("#answers").inner_text()
        assert page.title() != "owned" and page.locator("main img[src=x]").count() == 0
        page.locator("#answers button[data-task=pick]").click()
        assert SCRIPT in page.locator("#answers").inner_text()
        assert page.locator("h1").inner_text().startswith("Trial <script>")
        assert page.faults == []

    def test_a_click_sorts_a_table_and_another_turns_it_round(self, page) -> None:
        table = page.locator("#tables table").first
        labels = lambda: table.locator("tbody td:first-child").all_inner_texts()  # noqa: E731
        head = table.locator("thead th").nth(1)
        head.click()
        assert labels() == ["good", "bad"] and head.get_attribute("aria-sort") == "descending"
        head.press("Enter")
        assert labels() == ["bad", "good"] and head.get_attribute("aria-sort") == "ascending"

    def test_doses_at_fault_are_marked_and_can_be_filtered(self, page) -> None:
        assert page.locator("mark.dose-fault", has_text="6 mg/kg").count() >= 1
        page.get_by_label("with a dose at fault").check()
        assert page.locator(".question").count() == 1
        assert page.locator(".question .head").inner_text().startswith("q0")

    def test_the_filter_keeps_questions_where_models_differ(self, page) -> None:
        page.get_by_label("where models differ").check()
        assert page.locator(".count").inner_text() == "3 of 4 questions"
        page.locator("#answers button[data-task=pick]").click()
        assert page.locator(".count").inner_text() == "2 of 6 questions"

    def test_an_answer_that_never_ended_does_not_push_the_others_away(self, results, drugs, tmp_path, chromium) -> None:
        endless = replace(results.answers[0], texts=("又一行\n" * 500, *results.answers[0].texts[1:]))
        answers = tuple(endless if one == results.answers[0] else one for one in results.answers)
        long = write_report(tmp_path, results=replace(results, answers=answers), drugs=drugs).page
        page = chromium.new_page(viewport={"width": 400, "height": 900})
        page.goto(long.as_uri())
        assert page.locator(".answer .body", has_text="又一行").first.bounding_box()["height"] < 500
        assert page.evaluate("document.documentElement.scrollWidth") == 400  # and a narrow window need not be pushed
        page.close()

    def test_right_options_chips_and_topics(self, page) -> None:
        page.get_by_label("Topic").select_option("airway")
        assert page.locator(".count").inner_text() == "2 of 4 questions"
        page.locator("#answers button[data-task=pick]").click()
        page.get_by_label("Kind of question").select_option("multiple")
        assert page.locator(".options li.right").count() == 2
        assert sorted(page.locator(".chip.right, .chip.wrong").all_inner_texts()) == ["right", "wrong"]

    def test_an_empty_answer_says_so_and_a_number_tells_its_signature(self, page) -> None:
        assert page.get_by_text("(empty answer)").count() == 1
        assert "sign:rouge_l" in page.locator("#tables td.number").first.get_attribute("title")
        assert "n = 4, groups = 4" in page.locator("#tables").inner_text()

    def test_the_page_opens_with_models_by_tasks_and_jumps_end_below_the_head(self, page) -> None:
        assert page.locator("main table").first.locator("tbody td:first-child").all_inner_texts() == [
            *("good", "bad", "chance")
        ]
        page.set_viewport_size({"width": 390, "height": 844})
        for link in ("tables", "answers", "notes"):
            page.click(f"nav a[href='#{link}']")
            page.wait_for_function("scrollY > 0")
            heading = page.evaluate(f"document.querySelector('#{link} h2').getBoundingClientRect().top")
            assert heading >= page.evaluate("document.querySelector('header').getBoundingClientRect().bottom")
        assert page.evaluate("document.documentElement.scrollWidth") == 390

    def test_topics_are_offered_in_the_specialtys_order(self, page) -> None:
        assert page.get_by_label("Topic").locator("option").all_inner_texts() == ["all topics", "麻醉药理", "气道管理"]

    def test_what_is_missing_stands_first_and_an_answer_that_was_not_asked_for_is_not_shown(
        self, results, drugs, tmp_path, chromium
    ) -> None:
        stopped = replace(results.answers[0], texts=(results.answers[0].texts[0], None, None, None))
        answers = tuple(stopped if one == results.answers[0] else one for one in results.answers)
        warned = replace(results, answers=answers, warnings=("good on open: 1 of 4 answers are here <b>",))
        page = chromium.new_page()
        page.goto(write_report(tmp_path, results=warned, drugs=drugs).page.as_uri())
        assert page.locator("main li").first.inner_text() == "good on open: 1 of 4 answers are here <b>"
        assert page.locator(".question .answers").nth(1).locator(".name").all_inner_texts() == ["bad"]
        page.close()
