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
