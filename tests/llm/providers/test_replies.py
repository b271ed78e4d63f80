"""Only fields that can be kept are taken out of a response."""

import orjson
import pytest

from hypnos.llm.chat import CUT_FINISHES, Price
from hypnos.llm.failures import TransientError
from hypnos.llm.providers.litellm import load_litellm
from hypnos.llm.providers.replies import reply_of

ASKED = [{"role": "user", "content": "问题"}]


def body(content="好", **changes):
    message = {"role": "assistant", "content": content}
    fixed = {"id": "x", "model": "m-1", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    return {**fixed, "choices": [{"finish_reason": changes.pop("finish", "stop"), "message": message}], **changes}


def made(response):
    return reply_of(response, ASKED, 0.5, model="openai/m", price=Price(input=1.0, output=2.0))


def test_a_sound_response_is_kept_as_it_is():
    reply = made(body())
    assert (reply.text, reply.model, reply.tokens_in, reply.tokens_out, reply.cost) == ("好", "m-1", 3, 1, 5.0)
    assert (reply.finish, reply.refusal, reply.extra) == ("stop", "", {"id": "x"})


def test_half_a_sign_is_replaced_and_two_halves_are_joined():
    assert made(body("正确\ud83d。")).text == "正确\ufffd。"
    assert made(body("正确\ud83d\ude00。")).text == "正确😀。"


def test_fields_of_the_wrong_type_are_written_as_text_or_counted_here():
    usage = {"prompt_tokens": 2**70, "completion_tokens": "12"}
    reply = made(body(id=7, model={"a": 1}, usage=usage, system_fingerprint=["\ud83d"]))
    assert (reply.model, reply.tokens_out) == ("openai/m", 12)
    assert 0 < reply.tokens_in < 100
    assert reply.extra["id"] == "7"
    orjson.dumps(dict(reply.extra))
    assert made(body([{"type": "text", "text": "甲"}, {"type": "text", "text": "乙"}])).text == "甲乙"
    assert made(body(usage=[1, 2])).tokens_out == 2


@pytest.mark.parametrize("finish", ["content_filter", "sensitive", "SAFETY", "recitation"])
def test_a_reply_that_ended_in_the_content_filter_is_a_refusal_and_is_paid_for(finish):
    reply = made(body("", finish=finish))
    assert reply.refusal == f"content filter: finish_reason {finish}"
    assert reply.tokens_in == 3


@pytest.mark.parametrize(
    "response", [{}, {"choices": []}, {"choices": {}}, {"choices": [{"message": None}]}, {"choices": ["x"]}]
)
def test_a_response_without_a_reply_is_billed(response):
    with pytest.raises(TransientError) as caught:
        made(response)
    assert caught.value.billed


@pytest.mark.parametrize(
    "cached",
    [
        {"prompt_tokens_details": {"cached_tokens": 60}},
        {"prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40},
        {"cache_read_input_tokens": 60},
    ],
)
def test_what_came_out_of_a_provider_s_cache_is_cheaper(cached):
    response = body(usage={"prompt_tokens": 100, "completion_tokens": 5, **cached})
    reply = reply_of(response, ASKED, 0.5, model="openai/m", price=Price(input=1.0, output=2.0, cached=0.1))
    assert reply.cost == pytest.approx(40 + 6 + 10)
    assert reply.extra["tokens_cached"] == "60"


@pytest.mark.parametrize(
    ("usage", "reasoning", "dollars"),
    [
        ({}, None, 10 + 5 * 2),
        ({"completion_tokens_details": {"reasoning_tokens": 3}}, "想", 10 + 5 * 8),
        ({}, "先想一想", 10 + 5 * 8),  # which no server counts, and which was paid for
        ({"cache_creation_input_tokens": 4}, None, 6 + 4 * 1.25 + 5 * 2),
    ],
)
def test_thought_and_what_is_put_into_the_cache_have_their_prices(usage, reasoning, dollars):
    response = body(usage={"prompt_tokens": 10, "completion_tokens": 5, **usage})
    response["choices"][0]["message"]["reasoning_content"] = reasoning
    price = Price(input=1.0, output=2.0, written=1.25, thinking=8.0, whole=True)
    reply = reply_of(response, ASKED, 0.5, model="dashscope/m", price=price)
    assert reply.cost == pytest.approx(dollars)


def as_litellm_returns_it(finish, **fields):
    """A choice whose reason litellm does not know, or knows and calls another name."""
    choice = load_litellm().Choices(finish_reason=finish, message={"content": "罗库溴铵0."}, **fields)
    return {**body(), "choices": [choice.model_dump(warnings=False)]}


@pytest.mark.parametrize(
    "finish", ["insufficient_system_resource", "network_error", "error", "abort", "ERROR", "stop", "length"]
)
def test_a_reply_that_its_server_broke_off_is_asked_for_again(finish):
    fields = {"error": {"code": 502, "message": "Provider returned error"}} if finish in ("stop", "length") else {}
    told = "Provider returned error" if fields else finish
    choice = {"finish_reason": finish, "message": {"content": "罗库溴铵0."}, **fields}  # in a batch
    for response in (as_litellm_returns_it(finish, provider_specific_fields=fields), {**body(), "choices": [choice]}):
        with pytest.raises(TransientError, match=f"reply broken off: {told}") as caught:
            made(response)
        assert caught.value.billed


@pytest.mark.parametrize("finish", ["model_context_window_exceeded", "repetition_truncation"])
def test_a_reply_that_litellm_takes_for_whole_is_known_to_be_cut(finish):
    reply = made(as_litellm_returns_it(finish))
    assert reply.finish in CUT_FINISHES and reply.text == "罗库溴铵0."


def test_a_reply_that_quoted_too_much_is_refused_and_one_that_ended_by_itself_keeps_its_reason():
    assert made(as_litellm_returns_it("recitation")).refusal == "content filter: finish_reason recitation"
    assert [made(as_litellm_returns_it(finish)).finish for finish in ("stop", "end_turn", "STOP")] == ["stop"] * 3


def in_place_of_a_text(refusal):
    message = {"role": "assistant", "content": None, "refusal": refusal}
    through_litellm = load_litellm().Message(content=None, provider_specific_fields={"refusal": refusal})
    return message, through_litellm.model_dump(warnings=False)


def test_a_refusal_in_the_place_of_a_text_is_one_and_nothing_else_is():
    for message in in_place_of_a_text("I'm sorry, I cannot\nhelp."):
        reply = made({**body(), "choices": [{"finish_reason": "stop", "message": message}]})
        assert (reply.text, reply.refusal) == ("", "by the model: I'm sorry, I cannot help.")
        answered = made({**body(), "choices": [{"finish_reason": "stop", "message": {**message, "content": "好"}}]})
        assert (answered.text, answered.refusal) == ("好", "")
    for message in in_place_of_a_text(None):
        assert not made({**body(), "choices": [{"finish_reason": "stop", "message": message}]}).refusal


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (None, 1 + 6481),  # a byte is 0.36 of a token
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, 1 + 6481),
        ({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 2041, "reasoning_tokens": 2000}, 2009),
        ({"prompt_tokens": 32, "completion_tokens": 9, "reasoning_tokens": 2000}, 2009),
        ({"prompt_tokens": 32, "completion_tokens": 900, "total_tokens": 1032, "reasoning_tokens": 100}, 1000),
        ({"prompt_tokens": 32, "completion_tokens": 900, "total_tokens": 932, "reasoning_tokens": 100}, 900),
        ({"prompt_tokens": 32, "completion_tokens": 900, "total_tokens": 932}, 900),
    ],
)
def test_thought_is_counted_once_wherever_its_provider_counts_it(usage, tokens):
    if usage is not None and "reasoning_tokens" in usage:
        usage = {**usage, "completion_tokens_details": {"reasoning_tokens": usage.pop("reasoning_tokens")}}
    response = body("B", usage=usage)
    response["choices"][0]["message"]["reasoning_content"] = "思" * 6000
    reply = made(response)
    assert (reply.tokens_out, reply.cost) == (tokens, reply.tokens_in + 2.0 * tokens)
