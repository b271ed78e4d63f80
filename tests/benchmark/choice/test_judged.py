"""Options called right or wrong, and answers that decline."""

import pytest

from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.choice.judged import excepted, true_or_false
from hypnos.benchmark.choice.reply import Reply


@pytest.mark.parametrize(
    ("reply", "letters", "rule"),
    [
        ("对不起，我不能回答。", None, "refused"),
        ("A错误，B正确，C错误，D错误", "B", "judged"),
    ],
)
def test_the_rule_that_decided_is_named(reply, letters, rule, item):
    assert extract(reply, item()) == (letters, rule)


def test_a_stem_that_asks_for_what_is_wrong_turns_the_words_round(item):
    reply = "A、C、D均正确，B错误"
    assert extract(reply, item(negative=True))[0] == "B"
    assert extract("错误的是B", item(negative=True))[0] == "B"
    assert extract("错误的是B", item())[0] is None
    assert extract("正确的是B", item(negative=True))[0] is None
    assert extract("正确答案是B", item(negative=True))[0] == "B"
    # Explanations also call the option to choose 对, whichever way the stem asks: the odd one is meant.
    assert extract("A错，B错，C对，D错", item(negative=True))[0] == "C"


def test_one_option_stands_for_all_where_there_is_one(item):
    every = {**item().options, "E": "以上均是"}
    assert extract("以上都是", item(options=every))[0] == "E"
    assert extract("A、B、C、D都正确", item(options=every))[0] == "E"
    assert extract("以上都是", item())[0] is None
    assert extract("全选", item(multiple=True))[0] == "ABCD"


def test_all_but_one_are_meant_where_that_one_is_set_aside():
    options = dict(zip("ABC", ("甲药", "乙药", "丙药"), strict=True))
    assert sorted(excepted(Reply("除C外均正确", options, negative=False, multiple=True))) == ["A", "B"]
    assert excepted(Reply("除C外均正确", options, negative=True, multiple=False)) == "C"
    assert excepted(Reply("C除外", options, negative=True, multiple=False)) == "C"
    assert excepted(Reply("C除外", options, negative=False, multiple=False)) is None


@pytest.mark.parametrize(
    ("text", "letters"), [("该说法不正确", "B"), ("此说法成立", "A"), ("正确，但也有误", ""), ("难说", "")]
)
def test_what_is_said_of_a_statement_that_is_true_or_false(text, letters):
    assert true_or_false(Reply(text, {"A": "正确", "B": "错误"}, negative=False, multiple=False)) == letters
