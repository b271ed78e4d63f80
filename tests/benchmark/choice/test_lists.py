"""Options listed in a text."""

import pytest

from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.choice.lists import ListedOptions, read_list

OPTIONS = {"A": "吗啡", "B": "芬太尼", "C": "舒芬太尼", "D": "纳洛酮"}


@pytest.mark.parametrize(
    ("text", "letters", "rest", "hedged"),
    [
        ("B", "B", "", False),
        ("(B)", "B", "", False),
        ("B、D", "BD", "", False),
        ("A, C and D", "ACD", "", False),
        ("ABD", "ABD", "", False),
        ("A-C", "ABC", "", False),
        ("选项A和选项B", "AB", "", False),
        ("B. 芬太尼，因为起效快", "B", "，因为起效快", False),
        ("舒芬太尼", "C", "", False),
        ("A、B、C,E错误", "ABC", ",E错误", False),  # what begins the next clause is left out
        ("A或B", "A", "或B", True),
    ],
)
def test_a_list_is_read_up_to_its_end(text, letters, rest, hedged):
    listing = read_list(text, 0, OPTIONS)
    assert listing == ListedOptions(letters, len(text) - len(rest), hedged)


@pytest.mark.parametrize("text", ["", "因为B", "I think so", "a patient", "BIS值"])
def test_where_no_option_stands_there_is_no_list(text):
    assert read_list(text, 0, OPTIONS) is None


@pytest.mark.parametrize(
    "reply", ["B超检查", "A型血", "查C反应蛋白", "D-二聚体升高", "I think so", "A patient", "ASA Ⅲ级"]
)
def test_letters_of_medical_words_are_no_options(reply, item):
    assert extract(reply, item())[0] is None


STATEMENTS = {"A": "可使血压升高。", "B": "可使血压下降。", "C": "可使心率加快。", "D": "对循环无影响。"}


@pytest.mark.parametrize(
    "reply",
    [
        "答案：B\n\nA. 可使血压升高。这与事实不符。",
        "答案：B\n\nA. 可使血压升高。错误。\nC. 可使心率加快。错误。",
        "B\nA. 可使血压升高。 - 错误\nC. 可使心率加快。 - 错误",
        "答案：B\n\nA. 可使血压升高。（错误）\nC. 可使心率加快。（错误）",
        "答案：B. 可使血压下降。\n可使血压升高。这与事实不符。",
    ],
)
def test_a_remark_on_an_option_whose_text_is_a_sentence_joins_no_answer(reply, item):
    assert extract(reply, item(options=STATEMENTS))[0] == "B"


def test_options_with_their_texts_that_fill_their_lines_are_still_a_list(item):
    reply = "正确答案是：\nA. 吗啡\nC. 舒芬太尼"
    assert extract(reply, item(multiple=True))[0] == "AC"


def test_a_bracket_at_the_end_of_an_options_text_makes_no_bare_letter_of_it(item):
    options = {"A": "吗啡(阿片)", "B": "芬太尼(阿片)", "C": "纳洛酮(拮抗)"}
    reply = "正确答案是：\nA. 吗啡(阿片)\nB. 芬太尼(阿片)"
    assert extract(reply, item(options=options, multiple=True))[0] == "AB"
