import pytest

from hypnos.numerals import NUMBER, read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("二十三", 23),
        ("一百零五", 105),
        ("两百", 200),
        ("三点一四", 3.14),
        ("〇", 0),
        ("12", 12),
        ("一千二百", 1200),
        ("两万五千", 25000),
        ("十万", 100000),
        ("一万点五", 10000.5),
        ("八千零六", 8006),
    ],
)
def test_chinese_numerals(text, value):
    assert read_number(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["一二", "", "点五", "八分", "十十一二", "万", "一万万", "两三", "千克", "五千克"])
def test_what_is_no_numeral(text):
    assert read_number(text) is None


def test_numbers_among_scores_know_no_thousands():
    assert [match[0] for match in NUMBER.finditer("千万不要，千分之五")] == ["五"]
