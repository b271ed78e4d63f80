"""The funnel's page: complete in itself, and nothing of a record is read as markup."""

import re

from hypnos.report.pages.funnel_page import Sample, Table, write_funnel_page


def test_texts_are_escaped_and_pictures_lie_within(tmp_path):
    picture, page = tmp_path / "funnel.png", tmp_path / "funnel.html"
    picture.write_bytes(b"\x89PNG")
    write_funnel_page(
        page,
        title="A & B",
        lead="<lead>",
        tables=[Table("Steps", ["step", "in"], [["<clean>", "5"]]), Table("Empty", ["x"], [])],
        pictures=[picture],
        samples=[Sample("clean", "short", "<script>alert(1)</script>")],
    )
    text = page.read_text("utf-8")
    assert "<h1>A &amp; B</h1><p>&lt;lead&gt;</p>" in text
    assert "<td>&lt;clean&gt;</td><td>5</td>" in text and "Empty" not in text
    assert "<summary>clean: short</summary><pre>&lt;script&gt;alert(1)&lt;/script&gt;</pre>" in text
    assert 'src="data:image/png;base64,iVBORw=="' in text
    assert not re.search(r"https?://|<script", text)


def test_without_samples_there_is_no_heading_for_them(tmp_path):
    write_funnel_page(tmp_path / "page.html", title="t", lead="", tables=[], pictures=[], samples=[])
    assert "What each step removed" not in (tmp_path / "page.html").read_text("utf-8")
