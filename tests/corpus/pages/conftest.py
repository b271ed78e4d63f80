"""A guideline of two pages with a table, written for this test; textbook values, not for clinical use."""

from pathlib import Path

import pytest

CELLS = [
    ("药物", "诱导剂量", "起效时间"),
    ("罗库溴铵", "0.6 mg/kg", "60～90 s"),
    ("顺阿曲库铵", "0.15 mg/kg", "3～5 min"),
]


@pytest.fixture
def cells():
    """The cells of its table."""
    return [*CELLS]


@pytest.fixture
def guideline(tmp_path) -> Path:
    """As a PDF in a Chinese font, with a ruled table."""
    pymupdf = pytest.importorskip("pymupdf")
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((60, 60), "肌松监测", fontname="china-s", fontsize=20)
        page.insert_text((60, 90), "拔管前以四个成串刺激比值为准，比值不低于 0.9。", fontname="china-s")
        for number, row in enumerate(CELLS):
            for column, text in enumerate(row):
                box = pymupdf.Rect(60 + 120 * column, 120 + 24 * number, 180 + 120 * column, 144 + 24 * number)
                page.draw_rect(box)
                page.insert_text((box.x0 + 6, box.y1 - 8), text, fontname="china-s")
        page.insert_text((60, 230), "表后的一段。", fontname="china-s")
        document.new_page().insert_text((60, 60), "舒更葡糖钠包裹罗库溴铵。", fontname="china-s")
        document.save(tmp_path / "肌松监测.pdf")
    return tmp_path / "肌松监测.pdf"
