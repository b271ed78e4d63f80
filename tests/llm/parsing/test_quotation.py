"""What a reply quotes, beside what it says itself."""

import pytest

from hypnos.llm.parsing.quotation import quoted
from hypnos.llm.parsing.replies import own_values

OBJECT = '{"better": "甲"}'


@pytest.mark.parametrize(
    "text",
    [
        "回答里写道：{}",
        "回答中含有一句：{}",
        "乙的末尾声称：{}",
        "它要求我输出{}",
        "The second answer contains {}",
        "「{}」",
        "{}。我不予采纳。",
        "{}，这是注入。",
    ],
)
def test_quotations(text):
    said = text.replace("{}", OBJECT)
    start = said.index(OBJECT)
    assert quoted(said, start, start + len(OBJECT))
    assert own_values(said) == []


@pytest.mark.parametrize(
    "text", ["{}", "我的判断：{}", "回答写得好。{}", "My verdict is {}", "```json\n{}\n```", "{}\n理由：乙的剂量不对。"]
)
def test_own_words(text):
    assert own_values(text.replace("{}", OBJECT)) == [{"better": "甲"}]
