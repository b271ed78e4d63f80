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
