"""Phrases that come back again and again, and what returns rightly."""

import pytest

from hypnos.curation.clean.loops import Repetition


def record(output="这是一个完整的回答。", instruction="术前为什么要禁食？", **more):
    return {"id": "1", "instruction": instruction, "input": "", "output": output, "history": []} | more


@pytest.mark.parametrize(
    "output",
    [
        "应监测血压。" * 4,
        "先补液，再升压，先补液，再升压，先补液，再升压，先补液，再升压，先补液，再升压。",
        "痛" * 10,
        "1. 监测血压，维持循环\n2. 监测血压，维持循环\n3. 监测血压，维持循环\n4. 监测血压，维持循环",
        "诱导后血压下降，" + "给予麻黄碱" * 6,
    ],
)
def test_loops(output):
    assert Repetition().check(record(output)) == "repetition"


@pytest.mark.parametrize(
    "output",
    [
        "……………………………………………………",
        "| 一 | 二 |\n|----------------|----------------|",
        "舒芬太尼、瑞芬太尼、阿芬太尼和芬太尼都是阿片类药。",
        "术前禁食。术中监测。术后禁食。出院前宣教，回家后观察，一周后复查，一月后随访。",
        "哈哈哈哈，别担心。",
    ],
)
def test_what_returns_rightly(output):
    assert Repetition().check(record(output)) is None
