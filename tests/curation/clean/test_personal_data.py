"""Personal data: all of this is invented."""

import pytest

from hypnos.curation.clean.personal_data import PersonalData, mask_personal
from hypnos.errors import UserError


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("患者张伟，男，35岁，拟行手术。", "患者张某，男，35岁，拟行手术。"),
        ("患儿欧阳小明，5岁。", "患儿欧阳某，5岁。"),
        ("姓名：李秀英，女。", "姓名：李某，女。"),
        ("我叫王芳，今年三十。", "我叫王某，今年三十。"),
        ("赵刚（住院号 00123456）", "赵某（住院号 ***）"),
        ("身份证号110105199001011234。", "身份证号***。"),
        ("（11010519900101123X）", "（***）"),
        ("电话13800138000，请回电。", "电话***，请回电。"),
        ("手机138-0013-8000。", "手机***。"),
        ("电话：010-62345678。", "电话：***。"),
        ("住院号：0023817，病历号为 Z123456。", "住院号：***，病历号为 ***。"),
        ("邮箱wang.li@example.com。", "邮箱***。"),
        ("加微信 abc12345 详谈", "加微信 *** 详谈"),
        ("本人 １３８００１３８０００ 来电", "本人 *** 来电"),
        ("手机 138 0013 8000 。", "手机 *** 。"),
        ("姓名：王建国性别：男年龄：65岁", "姓名：王某性别：男年龄：65岁"),
        ("姓名:李 娜 性别:女", "姓名:李某 性别:女"),
    ],
)
def test_masked(text, masked):
    assert mask_personal(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "患者高热，女，20岁，咳嗽三天。",
        "患者黄疸，男，40岁。",
        "患者房颤，3个月前开始口服华法林。",
        "患者苏醒，因切口疼痛躁动。",
        "患者焦虑，因担心手术失眠。",
        "患者文盲，女，70岁。",
        "患者车祸，因右下肢疼痛入院。",
        "小王今年3岁，张先生陪同。",
        "患者男，35岁，因腹痛入院。",
        "邓医生您好，马上手术。",
        "血压 138/90，心率 130，氧分压 13800。",
        "丙泊酚 20 mL:200 mg，国药准字H20051842。",
        "2019年10月12日行手术，历时 120 分钟。",
        "参考 ISBN 9787117000000。",
        "三日尿量 150 1200 1500 ml。",
        "依次为\n138\n1200\n1500",
        "姓名：李 男，35岁",
    ],
)
def test_left_alone(text):
    assert mask_personal(text) == text


def test_every_text_of_a_record_is_masked_or_the_record_goes():
    row = {
        "id": "1",
        "instruction": "患者张伟，男，35岁",
        "input": "住院号：0023817",
        "output": "请致电13800138000",
        "history": [["我叫王芳，", "好"]],
    }
    masked = PersonalData().check(row)
    assert masked == row | {
        "instruction": "患者张某，男，35岁",
        "input": "住院号：***",
        "output": "请致电***",
        "history": [["我叫王某，", "好"]],
    }
    assert PersonalData(action="reject").check(row) == "personal_data"
    assert PersonalData(action="reject").check({"id": "1", "instruction": "问", "output": "答"}) is None


def test_an_unknown_action():
    with pytest.raises(UserError, match=r"personal\.action 'hide'"):
        PersonalData(action="hide")


def test_system_turns_and_thoughts_are_masked_too():
    row = {
        "id": "1",
        "instruction": "问",
        "output": "答",
        "system": "患者张伟，男，35岁",
        "reasoning": "张伟，男，35岁，先想",
    }
    masked = PersonalData().check(row)
    assert (masked["system"], masked["reasoning"]) == ("患者张某，男，35岁", "张某，男，35岁，先想")
