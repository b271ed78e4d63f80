"""The rules of others: what they read, and where they guess."""

from dataclasses import replace

import pytest

from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.choice.official_rules import AnesBenchRule, CmbRule
from hypnos.benchmark.items import Item

OPTIONS = {"A": "Neostigmine", "B": "Sugammadex", "C": "Flumazenil", "D": "Naloxone"}


def item(name: str = "1", *, multiple: bool = False, topic: str = "") -> Item:
    return Item(id=name, kind="choice", question="?", answers=("B",), options=OPTIONS, multiple=multiple, topic=topic)


def test_cmb_takes_the_letters_after_the_announcement_up_to_the_full_stop():
    assert CmbRule().extract("分析A和C。答案是B、D。E不对。", item(multiple=True))[0] == "BD"
    assert CmbRule().extract("答案是B、D。", item())[0] == "B"
    assert CmbRule().extract("答案：D、B", item(multiple=True))[0] == "DB"


def test_cmb_takes_every_letter_in_sight_where_nothing_is_announced():
    assert CmbRule().extract("查CT和B超", item(multiple=True))[0] == "CB"
    assert CmbRule().extract("查CT和B超", item())[0] == "C"
    assert CmbRule().extract("不知道", item()) == (None, "every letter")
    assert extract("查CT和B超", item())[0] is None


def test_the_cmb_score_is_a_mean_of_classes_and_then_of_types():
    items = [
        item("1", topic="医师/规培/麻醉"),
        item("2", topic="医师/规培/麻醉"),
        item("3", topic="医师/中级/麻醉"),
        item("4", topic="药师/初级/药学"),
    ]
    # 医师: (0.5 + 1) / 2; 药师: 0
    assert CmbRule().score(["B", "A", "B", "C"], items).mean() == pytest.approx((0.75 + 0.0) / 2)


def test_cmb_compares_letters_as_written():
    both = replace(item("1", multiple=True), answers=("BD",))
    assert CmbRule().score(["DB", "BD"], [both, both]).tolist() == [0.0, 1.0]


def test_anesbench_takes_the_last_match_of_the_first_pattern_that_matches():
    rule = AnesBenchRule()
    assert rule.extract("The answer is A. No, the answer is B.", item())[0] == "B"
    assert rule.extract("答案：C", item()) == ("C", "pattern 1")
    assert rule.extract("Sugammadex is correct.", item())[0] == "B"
    assert rule.extract("I would consider A, or perhaps D", item())[0] == "D"


def test_anesbench_never_leaves_an_answer_unparsed():
    rule = AnesBenchRule()
    assert rule.extract("naloxon would help", item()) == ("D", "nearest option")
    assert rule.extract("", item())[0] in OPTIONS
    assert extract("", item())[0] is None
