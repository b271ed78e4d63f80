"""Drugs and doses marked where they stand."""

import pytest

from hypnos.report.pages.highlights import Marker


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("静注罗库溴铵 0.6 mg/kg。", [("罗库溴铵", "drug"), ("0.6 mg/kg", "dose-ok")]),
        ("罗库溴铵 6 mg/kg。", [("罗库溴铵", "drug"), ("6 mg/kg", "dose-fault")]),
        ("罗库溴铵 3 mg/kg。", [("罗库溴铵", "drug"), ("3 mg/kg", "dose-warn")]),
        ("罗库溴铵 50 mg。", [("罗库溴铵", "drug"), ("50 mg", "dose-unknown")]),
        ("去甲肾上腺素和肾上腺素", [("去甲肾上腺素", "drug"), ("肾上腺素", "drug")]),
        ("罗库溴铵０．６ｍｇ／ｋｇ", [("罗库溴铵", "drug"), ("０．６ｍｇ／ｋｇ", "dose-ok")]),
        ("㎏𠮷罗库溴铵 0.6 ㎎/㎏，余略", [("罗库溴铵", "drug"), ("0.6 ㎎/㎏", "dose-ok")]),
        ("没有药", []),
        ("", []),
    ],
)
def test_marks_stand_at_their_words(text: str, marked: list, drugs) -> None:
    marks = Marker(drugs).marks(text)
    assert [(text[start:end], kind) for start, end, kind in marks] == marked
