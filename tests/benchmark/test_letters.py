"""Letters of options as references and models write them."""

import pytest

from hypnos.benchmark.letters import all_above, none_above, plain_letters, sorted_letters


@pytest.mark.parametrize("text", ["BD", "b、d", "Ｂ和Ｄ", "B, D", "B;D.", "B与D"])
def test_letters_in_one_spelling(text):
    assert plain_letters(text) == "BD"


def test_letters_stand_once_in_the_order_of_the_alphabet():
    assert sorted_letters("DBB") == "BD"
    assert plain_letters("B或D") == "B或D"


@pytest.mark.parametrize("text", ["以上均是", "以上选项全部正确。", "全选", "All of the above are correct"])
def test_texts_that_say_that_every_option_holds(text):
    assert all_above(text) and not none_above(text)


@pytest.mark.parametrize("text", ["以上都不对", "以上均不是。", "none of the above"])
def test_texts_that_say_that_no_option_holds(text):
    assert none_above(text) and not all_above(text)


@pytest.mark.parametrize("text", ["6个月以上", "以上海为例", "芬太尼"])
def test_texts_that_speak_of_no_other_option(text):
    assert not all_above(text) and not none_above(text)
