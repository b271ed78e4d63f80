import pytest

from hypnos.llm.parsing.numerals import read_number


@pytest.mark.parametrize(
    ("text", "value"), [("二十三", 23), ("一百零五", 105), ("两百", 200), ("三点一四", 3.14), ("〇", 0), ("12", 12)]
)
def test_chinese_numerals(text, value):
    assert read_number(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["一二", "", "点五", "八分", "十十一二"])
def test_what_is_no_numeral(text):
    assert read_number(text) is None
