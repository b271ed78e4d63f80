"""Whether what is said of an option stands."""

import pytest

from hypnos.benchmark.choice.polarity import asked, denied_after, stands


def place(text: str) -> tuple[int, int]:
    """Where `选B`, or else the letter, stands."""
    start = text.find("选B")
    return (start, start + 2) if start >= 0 else (text.index("B"), text.index("B") + 1)


@pytest.mark.parametrize("text", ["选B", "故选B。", "不难看出,选B", "选B,因为C不对", "选B吗?对。"])
def test_an_announcement_that_stands(text):
    assert stands(text, *place(text))


@pytest.mark.parametrize(
    "text",
    [
        "不选B",
        "勿选B",
        "有人选B",
        "我不认为该选B",
        "本来想选B",
        "如果是儿童就选B",
        "选B吗？",
        "选B的说法有误",
        "选B就错了",
        "选B的同学",
    ],
)
def test_an_announcement_that_is_denied_doubted_asked_or_of_others(text):
    assert not stands(text, *place(text))


def test_on_a_negative_stem_an_option_called_wrong_is_the_one_to_choose():
    assert stands("选B的说法有误", 0, 2, negative=True)
    assert not stands("不选B", 1, 3, negative=True)


@pytest.mark.parametrize(
    ("text", "denied"), [("B不对", True), ("B isn't right", True), ("B。C不对", False), ("B不是C", False)]
)
def test_what_the_clause_goes_on_to_say(text, denied):
    assert denied_after(text, 1) is denied


@pytest.mark.parametrize(
    ("text", "question"), [("B?", True), ("B? 对。", False), ("B? No.", True), ("B? Yes.", False), ("B", False)]
)
def test_questions(text, question):
    assert asked(text, 1) is question
