"""Faults of form on sentences written for them: what each rule must find, and what it must leave."""

import pytest

from hypnos.curation.clean.form import Empty, Length, Placeholder, Restates, Unbalanced


def record(output="这是一个完整的回答。", instruction="术前为什么要禁食？", **more):
    return {"id": "1", "instruction": instruction, "input": "", "output": output, "history": []} | more


@pytest.mark.parametrize("output", ["", "  \n", "。", "……", "N/A", "null", "<p> </p>", "\u200b", "　", None, "（空）"])
def test_an_answer_without_words(output):
    assert Empty().check(record(output)) == "empty"


def test_a_question_without_words_and_short_answers_that_say_something():
    assert Empty().check(record(instruction="？？")) == "empty"
    assert Empty().check(record(input="一段材料", instruction="")) == "empty"
    for answer in ("A", "是", "60", "不能。"):
        assert Empty().check(record(answer)) is None


def test_length():
    assert Length(answer=(5, 10)).check(record("四个字了")) == "length_answer"
    assert Length(answer=(5, 10)).check(record("一二三四五六七八九十一")) == "length_answer"
    assert Length(question=(2, 8)).check(record("好", instruction="一二三四五六七八九")) == "length_question"
    assert Length(answer=(4, 10)).check(record("四个字了")) is None


@pytest.mark.parametrize(
    "output",
    [
        "请把{{drug}}按体重给药。",
        "尊敬的[您的姓名]，您好。",
        "剂量待补充。",
        "TODO",
        "【请填写药物名称】静注。",
        "应用[药物名称]静注。",
        "Lorem ipsum dolor.",
    ],
)
def test_places_that_nobody_filled(output):
    assert Placeholder().check(record(output)) == "placeholder"


def test_a_gap_in_a_question_is_to_be_filled_and_one_in_an_answer_was_not():
    gap = "局麻药全身毒性反应最早累及________系统。"
    assert Placeholder().check(record("中枢神经系统。") | {"instruction": gap}) is None
    assert Placeholder().check(record(gap)) == "placeholder"


@pytest.mark.parametrize(
    "output", ["【药品名称】丙泊酚【用法用量】见下。", "某医院的{1,2}类", "（患者须知）术前禁食。"]
)
def test_headings_are_no_places(output):
    assert Placeholder().check(record(output)) is None


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("```\n呼吸 12 次", "unbalanced"),
        ('{"answer": "禁食", "why": ["误吸"', "unbalanced"),
        ("<table><tr><td>一</td>", "unbalanced"),
        ("<think>先想想。回答：禁食。", "unbalanced"),
        ("见（一（二（三", "unbalanced"),
        ("禁食。<|im_end|>", "turn_marks"),
        ("禁食。\n### Instruction:\n下一题", "turn_marks"),
        ("禁食。\nHuman: 还有呢", "turn_marks"),
        ("```\n呼吸 12 次\n```", None),
        ('{"answer": "禁食"}', None),
        ("1）禁食 2）禁水 3）签字", None),
        ("血压（收缩压高于 140", None),
    ],
)
def test_structure(output, reason):
    assert Unbalanced().check(record(output)) == reason


def test_an_answer_that_is_the_question():
    question = "恶性高热的首选药物是什么？"
    assert Restates().check(record("恶性高热的首选药物是什么", instruction=question)) == "restates_question"
    assert Restates().check(record("恶性高热的首选药物是丹曲林。", instruction=question)) is None
    assert Restates().check(record("是", instruction="是")) is None
    # Read out of the material, which the question is not.
    assert Restates().check(record("术前八小时禁食", instruction="何时禁食？", input="术前八小时禁食")) is None
