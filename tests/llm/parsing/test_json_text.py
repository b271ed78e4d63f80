import orjson
import pytest

from hypnos.llm.parsing.json_text import BrokenOff, values
from hypnos.llm.parsing.replies import read_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1,}\n```', {"a": 1}),
        ("```\n[1, 2]\n```\n以上。", [1, 2]),
        ("好的，结果如下：｛“a”：“八”，“b”：8分｝", {"a": "八", "b": "8分"}),
        ('{"a"：8，"b"：[１，２]}', {"a": 8, "b": [1, 2]}),
        ('我用{ 括号。{"a": 1}', {"a": 1}),
        ('{"a": 1}\n参考[1]', {"a": 1}),
        ('原文是{"a": 10}，我的评分：{"a": 2}', {"a": 2}),
        ("{'a': 8}", {"a": 8}),
        ('<think>{"a": 2}</think>{"a": 3}', {"a": 3}),
        ('{"a": "两行\n文字"}', {"a": "两行\n文字"}),
        ('{"a": "他说“好”，[1]，1：2"}', {"a": "他说“好”，[1]，1：2"}),
        ('{"a": "括号}在里面"}', {"a": "括号}在里面"}),
        ('{"a": null, "b": true, "c": -1.5e3}', {"a": None, "b": True, "c": -1500.0}),
    ],
)
def test_json_is_found_among_prose_and_chinese_punctuation(text, value):
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "我认为这条回答不错。",
        '{"a": {"b": 1}, "c": ',
        '[{"a": 1}, {"b":',
        '{"a": 1, "b": "没有结束',
        '<think>{"a": 2}',
        "{" * 5000,
        '{"a": "剂量"过大"}',
    ],
)
def test_what_breaks_off_or_is_no_json_is_none(text):
    assert read_json(text) is None


def test_values_stand_in_their_order_and_none_is_a_part_of_another():
    assert values('第{一}条 [1, [2]] 和 {"a": {"b": 1}}') == [[1, [2]], {"a": {"b": 1}}]


@pytest.mark.parametrize("text", ['{"a": {"b": 1}, "c": ', '[{"a": 1}, {"b":'])
def test_what_is_inside_broken_json_is_not_taken_for_the_whole(text):
    with pytest.raises(BrokenOff):
        values(text)


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [(r"正确\ud83d。", "正确\ufffd。"), (r"正确\ude00", "正确\ufffd"), (r"\ud83d\ude00", "😀"), ("平常", "平常")],
)
def test_half_a_sign_becomes_a_replacement_wherever_it_stands(escaped, expected):
    (value,) = values(f'{{"{escaped}": ["{escaped}", {{"a": "{escaped}"}}]}}')
    assert value == {expected: [expected, {"a": expected}]}
    orjson.dumps(value)
