"""Pages of a PDF: Chinese, with a table."""

import sys

import pytest

from hypnos.corpus.files import read_rows
from hypnos.corpus.formats import Malformed
from hypnos.corpus.pages import pdf
from hypnos.errors import UserError


def test_without_the_reader_a_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymupdf", None)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(UserError, match=r"pip install -e '\.\[documents\]'"):
        list(read_rows(str(tmp_path / "a.pdf")))


def test_pages_keep_their_numbers_and_a_table_its_cells_where_it_stands(guideline, cells):
    (where, first), (_, second) = read_rows(str(guideline))
    assert where.endswith(".pdf: page 1") and (first["page"], second["page"]) == (1, 2)
    assert (first["id"], first["source"]) == ("肌松监测-p1", "肌松监测.pdf")
    assert second["text"] == "舒更葡糖钠包裹罗库溴铵。"
    lines = [line for line in first["text"].splitlines() if line]
    assert lines[:2] == ["肌松监测", "拔管前以四个成串刺激比值为准，比值不低于 0.9。"] and lines[-1] == "表后的一段。"
    assert [tuple(line.strip("|").split("|")) for line in lines[2:-1] if set(line) - set("|-")] == cells


def test_a_page_whose_signs_are_lost_is_set_aside_and_the_others_are_read(guideline, monkeypatch):
    read = pdf._text
    monkeypatch.setattr(pdf, "_text", lambda page: read(page).replace("肌", "\0"))  # as where a font names no signs
    (_, first), (_, second) = read_rows(str(guideline))
    assert isinstance(first, Malformed) and first.startswith("1 signs of the page") and second["page"] == 2


def test_what_is_no_pdf_or_has_no_text_is_one_line(tmp_path):
    pymupdf = pytest.importorskip("pymupdf")
    (tmp_path / "a.pdf").write_bytes(b"no PDF at all")
    with pytest.raises(UserError, match=r"a\.pdf: not a PDF that can be read"):
        list(read_rows(str(tmp_path / "a.pdf")))
    with pymupdf.open() as blank:
        blank.new_page()
        blank.save(tmp_path / "b.pdf")
        blank.save(tmp_path / "c.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")
    with pytest.raises(UserError, match="no text on any of its 1 pages"):
        list(read_rows(str(tmp_path / "b.pdf")))
    with pytest.raises(UserError, match="locked with a password"):
        list(read_rows(str(tmp_path / "c.pdf")))
