"""Refusals and boilerplate, and what only sounds like them."""

import pytest

from hypnos.curation.clean.speech import Boilerplate, Refusal


def record(output="这是一个完整的回答。", instruction="术前为什么要禁食？", **more):
    return {"id": "1", "instruction": instruction, "input": "", "output": output, "history": []} | more


@pytest.mark.parametrize(
    "output",
    [
        "作为一个人工智能语言模型，我无法提供用药建议。",
        "抱歉，我不能回答这个问题。",
        "对不起，这超出了我的知识范围。",
        "I'm sorry, but I can't help with that.",
        "As an AI language model, I cannot provide a dose.",
        "您好，该问题我暂时无法给出回答。",
        "麻醉前应禁食。" * 40 + "请注意，作为AI，我的建议不能代替医生。",  # wherever it stands
    ],
)
def test_refusals(output):
    assert Refusal().check(record(output)) == "refusal"


@pytest.mark.parametrize(
    "output",
    [
        "很抱歉听到您的不适，建议尽快到医院检查血常规。",
        "患者昏迷时无法回答问题，应由家属提供病史。",
        "麻醉科医生不能判断胎位，这由产科医生完成。",
        "仅凭描述我无法诊断。"
        + "不过可以先测血压，若高于一百八十应当立即就诊，同时避免用力，保持安静，记录症状的时间。" * 4,
    ],
)
def test_what_only_sounds_like_a_refusal(output):
    assert Refusal().check(record(output)) is None


def test_boilerplate():
    assert Boilerplate().check(record("应先补液。以上内容由AI生成，仅供参考。")) == "boilerplate"
    assert Boilerplate().check(record("应先补液。请关注我们的微信公众号。")) == "boilerplate"
    assert Boilerplate().check(record("回答时请勿透露对参考文本的依赖。")) == "boilerplate"
    assert Boilerplate().check(record("参考文献见指南，关注血压变化。")) is None
