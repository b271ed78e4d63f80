"""Answers that were cut off, and people who leave the last stop out."""

import pytest

from hypnos.curation.clean.ending import Truncated


def record(output="这是一个完整的回答。", instruction="术前为什么要禁食？", **more):
    return {"id": "1", "instruction": instruction, "input": "", "output": output, "history": []} | more


@pytest.mark.parametrize(
    "output",
    [
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，因此肺不张很常见，并且",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，常见的处理包括：",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移（肥胖患者更加明显",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移。处理如下。\n1. 给氧。\n2.",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，可行肺复张手法改善氧",
    ],
)
def test_answers_cut_off(output):
    assert Truncated().check(record(output)) == "truncated"


@pytest.mark.parametrize(
    "output",
    [
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，这种情况多见，一般可以",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，可行肺复张改善氧合。",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，应当注意给氧治疗，祝您健康",
        "肺不张与",  # a phrase
        "需要做的检查：血常规、凝血功能、心电图、胸片，必要时行超声心动图（心脏）",
    ],
)
def test_people_leave_the_last_stop_out(output):
    assert Truncated().check(record(output)) is None


@pytest.mark.parametrize(
    "end",
    [
        "**务必监测血压与呼吸。**",
        "如下。\n\n| 药物 | 剂量 |\n|---|---|\n| 去氧肾上腺素 | 100 μg |",
        "如下。\n```\n给药。\n```",
        r"即 $2\,\text{mg}$",
        "祝手术顺利！😊",
        "如下。\n1. 停用触发药物\n2. 给予丹曲林\n3. 积极降温",
    ],
)
def test_models_end_with_markup_tables_and_points(end):
    text = f"全身麻醉诱导后功能残气量会下降。平卧使膈肌上移，应当注意给氧治疗。{end}"
    assert Truncated().check(record(text, author="gpt-3.5")) is None


def test_a_list_that_breaks_off_behind_its_mark_is_cut():
    text = "全身麻醉诱导后功能残气量会下降。平卧使膈肌上移，处理如下。\n* 给氧。\n*"
    assert Truncated().check(record(text, author="gpt-3.5")) == "truncated"


def test_a_model_does_not_leave_the_last_stop_out():
    text = "全身麻醉诱导后功能残气量会下降。平卧使膈肌上移，应当注意给氧治疗"
    assert Truncated().check(record(text)) is None
    assert Truncated().check(record(text, author="human")) is None
    assert Truncated().check(record(text, author="gpt-3.5")) == "truncated"
    assert Truncated(models=False).check(record(text, author="gpt-3.5")) is None
