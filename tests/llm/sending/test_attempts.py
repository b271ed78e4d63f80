"""Unreadable replies are asked for again, up to a limit."""

from dataclasses import replace

import pytest

from hypnos.errors import UserError
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.sending.attempts import CUT, ONLY_REASONING


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


def finishing(scripted, finish, say):
    """A model whose replies end with a finish_reason of one's own."""
    model = scripted(say)
    complete = model.complete

    async def completed(messages, *, schema, sample):
        return replace(await complete(messages, schema=schema, sample=sample), finish=finish)

    model.complete = completed
    return model


@pytest.mark.parametrize(
    ("text", "reason", "remedy"),
    [
        ("", ONLY_REASONING, "raise parameters.max_tokens, or switch the model's thinking off"),
        ("<think>先分析", ONLY_REASONING, "nothing but reasoning"),
        ('{"a": ', CUT, "were cut off at max_tokens"),
    ],
)
def test_a_reply_that_was_cut_is_not_asked_for_again_unchanged(
    make_client, requests, scripted, caplog, text, reason, remedy
):
    model = finishing(scripted, "length", lambda *_: text)
    answers = list(make_client().ask(model, requests(3), parse=read_object, attempts=3))
    assert {(answer.value, answer.reason, answer.attempts) for answer in answers} == {(None, reason, 1)}
    assert len(model.sent) == 3
    assert any("3 of 3 replies" in line and remedy in line for line in caplog.messages)


def test_what_an_earlier_version_asked_again_after_a_cut_reply_counts(make_client, requests, scripted):
    finishes = iter(["stop", "stop"])
    model = scripted(lambda _, sample: '{"a": 1}' if sample else "半截")
    complete = model.complete

    async def completed(messages, *, schema, sample):
        return replace(await complete(messages, schema=schema, sample=sample), finish=next(finishes))

    model.complete = completed
    client = make_client()
    assert next(client.ask(model, requests(1), parse=read_object)).attempts == 2
    with client.journal.transaction() as connection:
        connection.execute("UPDATE replies SET finish = 'length' WHERE sample = 0")
    (answer,) = client.ask(model, requests(1), parse=read_object)
    assert (answer.value, answer.attempts, len(model.sent)) == ({"a": 1}, 2, 2)


def test_twenty_unreadable_replies_in_a_row_stop_a_model_with_a_sample(make_client, requests, scripted):
    model = scripted(lambda *_: "我不会打分")
    with pytest.raises(
        UserError, match=r"20 replies in a row are unreadable .*我不会打分.* client\.most_unreadable=null"
    ):
        list(make_client().ask(model, requests(500), parse=read_object))
    assert len(model.sent) <= 20 + model.in_flight * 3
    more = make_client(most_unreadable=None)
    assert len(list(more.ask(model, requests(30), parse=read_object))) == 30


def test_a_readable_reply_begins_the_count_anew(make_client, requests, scripted):
    model = scripted(lambda prompt, _: "不" if int(prompt[1:-1]) % 8 else '{"a": 1}')
    answers = list(make_client().ask(model, requests(80), parse=read_object, attempts=1))
    assert sum(answer.value is not None for answer in answers) == 10


def test_the_last_tries_of_a_few_unreadable_requests_stop_no_model(make_client, requests, scripted):
    model = scripted(lambda prompt, _: "不" if int(prompt[1:-1]) % 20 == 0 else '{"a": 1}')
    model.in_flight = 1  # each request waits behind all others before its next try
    answers = list(make_client().ask(model, requests(400), parse=read_object, attempts=3))
    assert [answer.value is None for answer in answers].count(True) == 20
    assert len(model.sent) == 380 + 3 * 20


def test_a_run_that_ended_with_a_few_unreadable_neighbours_ends_so_again(make_client, requests, scripted):
    model = scripted(lambda prompt, _: "不" if int(prompt[1:-1]) in range(100, 107) else '{"a": 1}')
    model.in_flight = 1  # each request waits behind all others before its next try
    answers = list(make_client().ask(model, requests(400), parse=read_object, attempts=3))
    assert [answer.value is None for answer in answers].count(True) == 7
    sent = len(model.sent)
    assert list(make_client().ask(model, requests(400), parse=read_object, attempts=3)) == answers
    assert len(model.sent) == sent


def test_a_model_that_was_stopped_is_stopped_again_by_its_first_replies_in_the_journal(make_client, requests, scripted):
    model = scripted(lambda *_: "我不会打分")
    model.in_flight = 1
    for _ in range(2):
        with pytest.raises(UserError, match="20 replies in a row are unreadable"):
            list(make_client().ask(model, requests(500), parse=read_object))
    assert len(model.sent) <= 20 + model.in_flight * 3


def test_a_structured_reply_that_was_cut_may_be_read_as_far_as_it_came(make_client, requests, scripted):
    schema = {"type": "object", "properties": {"a": {"type": "array"}}, "required": ["a"]}
    for finish, expected in (("length", ([1], 1)), ("stop", (None, 2))):
        model = finishing(scripted, finish, lambda *_: '{"a": [[1], [')
        model.structured = lambda: True
        model.model = finish
        parse = lambda text: [1] if "[1]" in text else None  # noqa: E731
        (answer,) = make_client().ask(model, requests(1, schema=schema), parse=parse, attempts=2)
        assert (answer.value, answer.attempts) == expected
