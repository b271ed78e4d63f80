"""Doses that the words around them forbid, deny or call wrong; a limit is none of these."""

import pytest

from hypnos.specialty.denied import is_denied


@pytest.mark.parametrize(
    ("before", "gap", "after", "denied"),
    [
        ("切勿给予", "", "静注", True),
        ("不得静脉推注", "", "", True),
        ("麻醉诱导时", "切勿用", "静注", True),
        ("", "", "属于过量", True),
        ("", "", "，这个剂量会导致呼吸抑制甚至死亡".replace("，", ","), True),
        ("", "的剂量不应超过", "", False),
        ("患者不能平卧时给予", "", "缓慢静注", False),
        ("切勿给予大剂量,正确是", "", "", False),
        ("诱导时给予", "", "静注", False),
    ],
)
def test_words_before_between_and_behind(before, gap, after, denied):
    assert is_denied(before, gap, after) is denied
