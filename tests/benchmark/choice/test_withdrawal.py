"""Where an answer takes back what it has said."""

import pytest

from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.choice.withdrawal import split_withdrawn


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("答案是B,不对,应该是D", ("", "应该是D")),
        ("答案:B\n以上答案有误,请忽略", ("", "请忽略")),
        ("答案是C。有人选A,不对。", ("答案是C。", "")),  # only what others say falls
        ("The answer is B. No, wait, that's wrong. C", ("", "C")),
        ("B错,C对", None),
        ("B:错\nC:对", None),
        ("剂量不对时会出错", None),
        ("不对", None),  # nothing stands before it
    ],
)
def test_the_last_withdrawal_divides_a_text(text, parts):
    assert split_withdrawn(text) == parts


def test_what_stands_last_wins(item):
    assert extract("答案是B，不对，是C。等等，C也不对，是D。", item()) == ("D", "closing letter")
    assert extract("答案是B。以上作废。", item()) == (None, "taken back")


def test_withdrawals_without_end_are_followed_to_an_end(item):
    assert extract("有人选A，不对。" * 3000, item())[0] is None


@pytest.mark.parametrize(
    "reply",
    [
        "正确答案是B. 芬太尼。\n\n其他选项分析：\nA. 吗啡：不正确，起效慢\nC. 舒芬太尼：不对\nD. 纳洛酮：有误",
        "**答案：B. 芬太尼**\n\n- **A. 吗啡**：不正确，与题意不符。\n- **C. 舒芬太尼**：错误的。",
        "答案：B\n- 吗啡：不，起效慢。\n- 纳洛酮：这是错误的。",
        "正确答案是B。A. 吗啡：错误的。选项D“纳洛酮”：不正确。",
        "The answer is B. A. morphine: No. C. sufentanil: No.",
        "答案是B。\n\n吗啡适用吗？不，它起效慢。",
        "答案是B。\n\nA. 吗啡。错误。\nC. 舒芬太尼 - 不对",
        "The answer is B.\n- Morphine: No, it is slow.\n- Naloxone: this is wrong.",
        "A. 吗啡：不正确。\nB. 芬太尼：正确。\nC. 舒芬太尼：不正确。\nD. 纳洛酮：不正确。",
    ],
)
def test_what_is_said_of_another_option_takes_nothing_back(reply, item):
    assert extract(reply, item())[0] == "B"


def test_a_bracket_and_a_full_stop_that_end_an_options_text_stand_before_the_colon(item):
    options = {"A": "病人年龄。", "B": "药量(total mass)。", "C": "腹内压力(IAP)。"}
    reply = "正确答案是A. 病人年龄。\n\n其他选项分析：\nB. 药量(total mass)。：不正确\nC. 腹内压力(IAP)。：不正确"
    assert extract(reply, item(options=options))[0] == "A"


def test_on_a_negative_stem_a_verdict_on_an_option_is_no_withdrawal_either(item):
    reply = "不正确的说法是B。\nA. 吗啡：正确。\nB. 芬太尼：不正确。\nC. 舒芬太尼：正确。"
    assert extract(reply, item(negative=True))[0] == "B"


@pytest.mark.parametrize(
    ("reply", "letters"),
    [
        ("答案是A。不对，应为B", "B"),
        ("A. 吗啡：不对，应为B", "B"),
        ("A. 吗啡 - no, B", "B"),
        ("答案是A. 吗啡——不对，B。", "B"),
        ("A. 吗啡，起效快——不对。", None),
        ("A. 吗啡。不对。", None),
        ("答案：A. 吗啡。不对。", None),
        ("答案是A。吗啡。不对。", None),
        ("答案：\nA. 吗啡。不对。", None),
        ("答案：A. 吗啡\n不对，是芬太尼。", "B"),
    ],
)
def test_a_verdict_on_the_answer_itself_takes_it_back(reply, letters, item):
    assert extract(reply, item())[0] == letters
