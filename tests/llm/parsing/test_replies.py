import pytest

from hypnos.llm.parsing.replies import in_range, read_object, satisfies


def test_an_array_is_no_object():
    assert read_object("[1, 2]") is None
    assert read_object('{"a": 1}') == {"a": 1}


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
