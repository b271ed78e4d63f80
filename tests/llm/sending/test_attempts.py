"""Unreadable replies are asked for again, up to a limit."""

import pytest

from hypnos.llm.parsing.replies import read_object


def test_an_unreadable_reply_is_asked_for_again_under_the_next_number(make_client, requests, scripted):
    model = scripted(lambda prompt, sample: '{"a": 1}' if sample == 2 else "半截 {")
    (answer,) = make_client().ask(model, requests(1), parse=read_object, attempts=3)
    assert (answer.value, answer.attempts, answer.reason) == ({"a": 1}, 3, "")
    assert [sample for _, sample in model.sent] == [0, 1, 2]
    assert (answer.cost, answer.tokens_in, answer.tokens_out) == (1.5, 30, 6)
    (replayed,) = make_client().ask(model, requests(1), parse=read_object, attempts=3)
    assert replayed == answer
    assert len(model.sent) == 3


def test_what_stays_unreadable_is_set_aside_with_its_last_text(make_client, requests, scripted):
    model = scripted(lambda prompt, sample: f"没有分数 {sample}")
    (answer,) = make_client().ask(model, requests(1), parse=read_object, attempts=2)
    assert (answer.value, answer.attempts, answer.reason, answer.text) == (None, 2, "unreadable", "没有分数 1")
    (more,) = make_client().ask(model, requests(1), parse=read_object, attempts=3)
    assert more.attempts == 3
    assert [sample for _, sample in model.sent] == [0, 1, 2]


def test_a_falsy_value_is_a_value(make_client, requests, scripted):
    (answer,) = make_client().ask(scripted(lambda *_: "0"), requests(1), parse=lambda text: float(text))
    assert (answer.value, answer.reason) == (0.0, "")


def test_a_fault_of_parse_reaches_the_caller(make_client, requests, scripted):
    with pytest.raises(ZeroDivisionError):
        list(make_client().ask(scripted(lambda *_: "好"), requests(3), parse=lambda text: 1 / 0))


def test_what_a_provider_promised_to_structure_is_checked(make_client, requests, scripted):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    model = scripted(lambda _, sample: '{"a": 1}' if sample else '{"a": "one"}')
    model.structured = lambda: True
    (answer,) = make_client().ask(model, requests(1, schema=schema), parse=read_object)
    assert (answer.value, answer.attempts) == ({"a": 1}, 2)
    model.structured = lambda: False
    (tolerant,) = make_client().ask(model, requests(1, schema=schema), parse=read_object)
    assert (tolerant.value, tolerant.attempts) == ({"a": "one"}, 1)
