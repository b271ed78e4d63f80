"""Headings of forms and leftovers of pages are taken out; courtesy alone is no record."""

import pytest

from hypnos.curation.clean.ending import Truncated
from hypnos.curation.clean.forum import Courtesy, ForumResidue, mend_forum

ANSWER = "考虑为浅表性胃炎，与饮食不规律有关，建议先调整饮食，必要时做胃镜检查明确诊断，遵医嘱用药"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("问题分析：您好，考虑胃炎。意见建议：清淡饮食。", "您好，考虑胃炎。清淡饮食。"),
        ("病情分析： 考虑胃炎意见建议：清淡饮食", "考虑胃炎。清淡饮食"),
        ("病情分析：意见建议：首先检查。", "首先检查。"),
        ("考虑胃炎。指导意见：", "考虑胃炎。"),
        ("全部症状：胃痛三天\n发病时间及原因：\n治疗情况：无", "胃痛三天\n无"),
        ("考虑痛风|#|低嘌呤饮食。望采纳！", "考虑痛风低嘌呤饮食。"),
        ("胃镜检查结果是慢性胃炎", "胃镜检查结果是慢性胃炎"),
        ("分析问题：先看病史", "分析问题：先看病史"),
        ("意见建议：", "意见建议："),
        ("考虑胃炎，没有大碍的意见建议：清淡饮食。", "考虑胃炎，没有大碍的。清淡饮食。"),
        ("您好。 指导意见： 清淡饮食。\n处理意见：复诊。", "您好。清淡饮食。\n复诊。"),
        ("胃痛。曾经治疗情况和效果：无\n想得到怎样的帮助：怎么办", "胃痛。无\n怎么办"),
        ("问题分析：考虑胃炎意见建议：\n1. 清淡饮食。", "考虑胃炎。\n1. 清淡饮食。"),
    ],
)
def test_headings_and_leftovers(text, mended):
    assert mend_forum(text) == mended


@pytest.mark.parametrize(
    "text",
    [
        "针对该患者的处理建议：\n1. 停用丙泊酚。",
        "实验室检查结果：血钾6.5",
        "1. 既往病史：高血压",
        "以下是一些可能的药物和治疗建议：\n\n### 药物治疗",
        "以下是问题分析：血钾偏高。",
        "### 问题分析：\n血钾偏高。",
    ],
)
def test_the_noun_of_a_sentence_is_no_heading(text):
    assert mend_forum(text) == text


def test_a_row_that_has_none_is_left_alone_and_an_empty_heading_is_no_cut():
    plain = {"instruction": "胃痛怎么办？", "input": "", "output": ANSWER + "。"}
    assert ForumResidue().check(plain) is None
    headed = plain | {"output": f"问题分析：{ANSWER}。意见建议："}
    assert Truncated().check(headed) == "truncated"
    mended = ForumResidue().check(headed)
    assert mended["output"] == ANSWER + "。" and Truncated().check(mended) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("不客气，祝您早日康复！如果还有其他问题，随时向我咨询。", "courtesy"),
        ("您好，不用谢。", "courtesy"),
        ("不客气。术后六小时内禁食，第二天可进流质，有发热请复诊。", None),
        ("您好，祝您健康，考虑胃炎。", None),
        ("希望您早日康复，先做胃镜。", None),
        ("", None),
    ],
)
def test_courtesy_alone(answer, reason):
    assert Courtesy().check({"instruction": "好的，谢谢医生！", "output": answer}) == reason
