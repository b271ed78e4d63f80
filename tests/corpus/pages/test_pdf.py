"""Pages of a PDF: Chinese, with a table, as its maintained reader gives them."""

import re
import sys

import pytest

from hypnos.corpus.files import read_rows
from hypnos.errors import UserError


def test_without_the_reader_a_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymupdf4llm", None)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(UserError, match=r"pip install 'hypnos-llm\[documents\]'"):
        list(read_rows(str(tmp_path / "a.pdf")))


def test_pages_keep_their_numbers_and_a_table_its_cells(guideline, cells):
    pytest.importorskip("pymupdf4llm")
    (where, first), (_, second) = read_rows(str(guideline))
    assert where.endswith(".pdf: page 1") and (first["page"], second["page"]) == (1, 2)
    assert (first["id"], first["source"]) == ("肌松监测-p1", "肌松监测.pdf")
    assert "四个成串刺激比值" in first["text"] and "舒更葡糖钠" in second["text"] and "拮抗" not in first["text"]
    rows = [re.sub(r"\*|<br>", "", line).strip("| ").split("|") for line in first["text"].splitlines() if "|" in line]
    assert [tuple(cell.strip() for cell in row) for row in rows if not set("".join(row)) <= set("-: ")] == cells


def test_what_is_no_pdf_or_has_no_text_is_one_line(tmp_path):
    pymupdf = pytest.importorskip("pymupdf")
    pytest.importorskip("pymupdf4llm")
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
