import pytest

from hypnos.llm.parsing.replies import in_range, read_object, read_score, satisfies


def test_an_array_is_no_object():
    assert read_object("[1, 2]") is None
    assert read_object('{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("8", 8.0),
        ("８．５", 8.5),
        ("评分：8分", 8.0),
        ("我给八分。", 8.0),
        ("八点五", 8.5),
        ("八半", 8.5),
        ("十", 10.0),
        ("8/10", 8.0),
        ("90/100", 9.0),
        ("**评分：9**", 9.0),
        ("满分10分，得分 8 分", 8.0),
        ("总体十分好，给8分", 8.0),
        ("<think>先给3分</think>7", 7.0),
        ("Score: 6.5", 6.5),
    ],
)
def test_a_score_is_read_in_every_usual_form(text, value):
    assert read_score(text) == value


@pytest.mark.parametrize(
    "text", ["", "很好", "第一，很好", "8-9分", "-1", "11", "评分：8，评分：3", "在7到9之间", "110/100"]
)
def test_a_missing_ambiguous_or_impossible_score_is_none(text):
    assert read_score(text) is None


@pytest.mark.parametrize(
    ("value", "score"),
    [(8, 8.0), (8.5, 8.5), ("8", 8.0), ("八分", 8.0), ("8/10", 8.0), ("7 points", 7.0), (0, 0.0), ("０", 0.0)],
)
def test_scores_out_of_json(value, score):
    assert in_range(value) == score


@pytest.mark.parametrize("value", [None, True, -1, 10.1, "高", "", [8], {"a": 8}, float("nan"), "8-9"])
def test_what_is_no_score_is_none_and_not_a_number(value):
    assert in_range(value) is None


def test_a_schema_is_checked():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert satisfies({"a": 1}, schema)
    assert not satisfies({"a": "1"}, schema)
    assert not satisfies(None, {})
