"""The page in Chinese: everything that it says itself has a translation, and names and numbers stay."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hypnos.report.pages.words import read_words
from hypnos.report.report import write_report
from hypnos.report.results import PairedTest
from hypnos.report.statistics.paired_tests import compare
from hypnos.report.tables.metric_tables import method_note
from hypnos.report.tables.paired_note import paired_note
from hypnos.report.tables.table import Column

PAGES = Path(__file__).parents[3] / "hypnos/report/pages"


def test_every_word_of_the_page_has_a_translation():
    words = read_words("zh").of_page
    script = (PAGES / "page.js").read_text("utf-8")
    said = set(re.findall(r'say\(\s*"((?:[^"\\]|\\.)*)"', script))
    said |= set(re.findall(r'\[?"dose-\w+", "([^"]+)"', script))
    said |= set(re.findall(r'<a href="#\w+">([^<]+)</a>', (PAGES / "page.html").read_text("utf-8")))
    assert len(said) > 30 and said <= words.keys()
    for english, chinese in words.items():
        assert re.findall(r"\{\d\}", english) == sorted(re.findall(r"\{\d\}", chinese))


def test_parts_in_a_sentence_are_translated_by_themselves_and_names_stay():
    words = read_words("zh")
    assert words("AneQA: ROUGE-L by topic") == "AneQA：ROUGE-L（按专题）"
    assert words("AneCQ: choice of options") == "AneCQ：选项选择"
    assert words("Accuracy ↑") == "准确率 ↑"
    assert words("n = 4 to 6, groups = 3, raters = 2") == "n = 4 to 6，题组 = 3，评分者 = 2"
    assert words("AneCQ, Accuracy: strong above weak; weak above base (Holm, p < 0.05).") == (
        "AneCQ，准确率：strong 优于 weak；weak 优于 base（Holm 校正，p < 0.05）。"
    )
    assert words("Shares are in percent. Chance: one option, or one set of options, at random.\nAccuracy") == (
        "比例以百分数表示。随机猜测：单选题任选一项，多选题任选一组选项。\n准确率"
    )
    assert words("level 1: n = 4, groups = 3; level 2: n = 5, groups = 2") == (
        "难度 1：n = 4，题组 = 3；难度 2：n = 5，题组 = 2"
    )
    assert words("run1/final") == "run1/final"
    assert read_words("en")("Accuracy ↑") == "Accuracy ↑"


def test_as_many_parts_in_a_translation_as_in_the_text():
    for english, chinese in read_words("zh").texts.items():
        assert english.count("{}") == len(re.findall(r"\{\d?\}", chinese))


def test_how_numbers_are_made_is_said_in_chinese():
    """Sentences that statistics change are known here by the constants they come from."""
    words = read_words("zh")
    column = Column(name="score", better="neither")
    test = PairedTest(measure="score", first="a", second="b", comparison=compare([1.0, 0.0], [0.0, 0.0], [0, 1]))
    notes = [
        paired_note("t", [(column, test)], measure=m, crossed=c)
        for m, c in (("metric", ""), ("scale", "raters"), ("measure", "judges"))
    ]
    for text in (method_note(), *(note.text for note in notes)):
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", words(text)), words(text)
        assert words(text) != text


@pytest.mark.slow
def test_the_page_in_chromium_is_chinese_but_for_names(results, drugs, tmp_path, chromium):
    named = replace(results, title="麻醉: good, bad", warnings=("bad on open: 2 of 4 answers are here (spent)",))
    page_file = write_report(tmp_path, results=named, drugs=drugs, language="zh").page
    page = chromium.new_page(viewport={"width": 1300, "height": 900})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    shown = page.evaluate("document.body.innerText")
    for chinese in (
        "概览",
        "表格",
        "检验与说明",
        "回答对照",
        "全部专题",
        "随机猜测",
        "个回答已有",
    ):
        assert chinese in shown
    assert not faults
    names = {"good", "bad", "open", "pick", "AneQA", "AneCQ", "ROUGE", "BLEU", "Holm"}
    statisticians = {"Student", "Clopper", "Pearson", "Korn", "Graubard", "Satterthwaite"}
    given = {"Agreement", "ordinal", "indicator", "alpha", "spent", "answer"}  # of the results, not of the page
    scripts = {"script", "document", "title", "owned", "onerror"}
    english = set(re.findall(r"[A-Za-z]{4,}", shown)) - names - statisticians - given - scripts
    assert not english, sorted(english)
