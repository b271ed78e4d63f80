"""Pages of a DOCX written by python-docx, with breaks asked for and breaks that Word noted."""

import sys

import pytest

from hypnos.corpus.files import read_rows
from hypnos.errors import UserError


def test_without_the_reader_a_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    (tmp_path / "a.docx").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"pip install -e '\.\[documents\]'"):
        list(read_rows(str(tmp_path / "a.docx")))


@pytest.fixture
def document(cells):
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.add_heading("肌松监测", 1)
    document.add_paragraph("比值不低于 0.9。")
    table = document.add_table(len(cells), len(cells[0]))
    for row, texts in zip(table.rows, cells):
        for cell, text in zip(row.cells, texts):
            cell.text = text
    document.add_paragraph("表后。").add_run().add_break(docx.enum.text.WD_BREAK.PAGE)
    document.add_paragraph("第二页。")
    return document


def test_breaks_that_were_asked_for_divide_pages_and_a_table_is_markdown(document, cells, tmp_path):
    document.save(tmp_path / "指南.docx")
    (_, first), (where, second) = read_rows(str(tmp_path / "指南.docx"))
    assert first["text"].startswith("# 肌松监测\n比值不低于 0.9。") and first["text"].endswith("表后。")
    lines = [line for line in first["text"].splitlines() if line.startswith("|")]
    assert lines == [f"| {' | '.join(cells[0])} |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in cells[1:])]
    assert (second["text"], second["page"], where.rpartition(": ")[2]) == ("第二页。", 2, "page 2")


def test_breaks_that_word_noted_count_alone_and_may_stand_within_a_paragraph(document, tmp_path):
    from docx.oxml import OxmlElement

    run = document.paragraphs[-1].runs[0]
    run._r.insert(0, OxmlElement("w:lastRenderedPageBreak"))  # as Word writes it behind a break that was asked for
    long = document.add_paragraph("第二页的末尾，")
    long.add_run()._r.append(OxmlElement("w:lastRenderedPageBreak"))
    long.add_run("第三页的开头。")
    document.save(tmp_path / "a.docx")
    rows = [row for _, row in read_rows(str(tmp_path / "a.docx"))]
    assert [row["page"] for row in rows] == [1, 2, 3]
    assert [row["text"] for row in rows[1:]] == ["第二页。\n第二页的末尾，", "第三页的开头。"]


def test_what_is_no_docx_is_one_line(tmp_path):
    pytest.importorskip("docx")
    (tmp_path / "a.docx").write_bytes(b"no document")
    with pytest.raises(UserError, match=r"a\.docx: not a DOCX that can be read"):
        list(read_rows(str(tmp_path / "a.docx")))
