"""Traditional signs, against opencc's own conversion of words."""

from opencc import OpenCC

from hypnos.corpus.simplified import simplified_signs


def test_signs_are_those_of_opencc_one_for_one():
    text = "選項正確錯誤應該還說對題號"
    table = {ord(sign): plain for sign, plain in simplified_signs().items()}
    assert text.translate(table) == OpenCC("t2s").convert(text) != text
    assert "麻" not in simplified_signs()
