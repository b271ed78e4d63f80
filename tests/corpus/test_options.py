"""Options of choice questions, in the forms of public sets."""

import pytest

from hypnos.corpus.options import read_options

AB = {"A": "甲", "B": "乙"}


@pytest.mark.parametrize(
    "value",
    [
        {"A": "甲", "B": "乙", "C": ""},  # CMB fills up with empty ones
        {"b": "乙", "ａ": "甲"},
        ["甲", "乙"],
        ["A. 甲", "B. 乙"],
        ["A、甲", "B、乙"],
        ["(A) 甲", "（B）乙"],
        {"A": "A. 甲", "B": "B．乙"},
        [{"key": "A", "value": "甲"}, {"key": "B", "value": "乙"}],  # MedQA
        [{"value": "乙", "key": "B"}, {"value": "甲", "key": "A"}],
        [{"label": "A", "text": "甲"}, {"label": "B", "text": "乙"}],  # CommonsenseQA
        [{"letter": "A.", "content": "甲"}, {"letter": "B.", "content": "乙"}],
        [{"option": "A", "text": "甲"}, {"option": "B", "text": "乙"}],
        [{"text": "甲"}, {"text": "乙"}],
        {"label": ["A", "B"], "text": ["甲", "乙"]},  # ARC
        "A. 甲\nB. 乙",
        "A 甲\nB 乙",  # CMExam
        "(A)甲\n(B)乙",
    ],
)
def test_every_form_is_the_same_options(value):
    assert read_options(value) == AB
    assert list(read_options(value)) == ["A", "B"]


def test_a_letter_that_is_part_of_the_text_stays():
    assert read_options(["A 型血", "B 型血"]) == {"A": "A 型血", "B": "B 型血"}
    assert read_options(["A. 甲", "乙"]) == {"A": "A. 甲", "B": "乙"}  # one alone may mean it
    assert read_options(["B. 甲", "A. 乙"]) == {"A": "B. 甲", "B": "A. 乙"}
    assert read_options("A 甲\nC 反应蛋白\nB 乙") == {"A": "甲 C 反应蛋白", "B": "乙"}
    assert read_options(["0.6", 1, 2.0]) == {"A": "0.6", "B": "1", "C": "2"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "must be an object of letters, a list or lines of text"),
        ([{"name": "甲"}], r"an option must have a text \(value, text.*\); fields found: name"),
        ([{"key": "A", "value": {"zh": "甲"}}], "the option A must be text, not an object"),
        ([["甲"], ["乙"]], "the option A must be text, not a list"),
        ({"A": True, "B": "乙"}, "the option A must be text, not true or false"),
        ([{"key": "A", "value": "甲"}, {"key": "A", "value": "乙"}], "the option A stands twice"),
        ({"甲": "乙"}, "'甲' is no letter of an option"),
        ({"label": ["A"], "text": ["甲", "乙"]}, "1 labels and 2 texts"),
    ],
)
def test_what_is_no_option_is_named(value, message):
    with pytest.raises(ValueError, match=message):
        read_options(value)
