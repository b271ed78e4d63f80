"""The words by which options are called right or wrong."""

import re

import pytest

from hypnos.benchmark.choice.reply import CLAUSE, CONDITION, RIGHT, WRONG


@pytest.mark.parametrize("text", ["正确", "对的", "是首选", "最合适", "√", "correct"])
def test_words_that_call_an_option_right(text):
    assert re.search(RIGHT, text) and not re.search(WRONG, text)


@pytest.mark.parametrize("text", ["错误", "不正确", "不符合", "不宜", "×", "incorrect"])
def test_words_that_call_an_option_wrong(text):
    assert re.search(WRONG, text)


@pytest.mark.parametrize("text", ["反对", "相对", "不符合", "绝对"])
def test_words_that_only_hold_another_one_call_nothing_right(text):
    assert not re.search(RIGHT, text)


def test_conditions_and_clauses():
    assert CONDITION.search("若选B") and CONDITION.search("if B") and not CONDITION.search("若干")
    assert CLAUSE.split("A错,B对;C  D") == ["A错", "B对", "C", "D"]
