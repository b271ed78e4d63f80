import pytest

from hypnos.errors import UserError
from hypnos.llm.chat import ReplyLimits
from hypnos.llm.providers.batches import BatchEndpoint
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.providers.thinking import merge


def limited(model, **limits):
    parameters = {"temperature": 0.0, "max_tokens": None}
    return (
        LitellmChat(name="x", model=model, parameters=parameters).limited(ReplyLimits(tokens=40, **limits)).parameters
    )


def test_each_provider_is_told_in_its_own_words():
    template = {"enable_thinking": False, "thinking": False}
    assert limited("hosted_vllm/q", thinking="off")["extra_body"] == {"chat_template_kwargs": template}
    assert limited("dashscope/q", thinking="on", thought=9)["extra_body"] == {
        "enable_thinking": True,
        "thinking_budget": 9,
    }
    claude = limited("anthropic/claude-x", thinking="on", thought=2048)
    assert claude == {"thinking": {"type": "enabled", "budget_tokens": 2048}, "max_tokens": 40}  # no temperature then
    assert limited("anthropic/claude-x", thinking="off") == {"temperature": 0.0, "max_tokens": 40}
    assert limited("groq/q") == {"temperature": 0.0, "max_tokens": 40}
    with pytest.raises(UserError, match="llm x: thinking cannot be switched at groq"):
        limited("groq/q", thinking="off")


def test_a_line_of_a_batch_has_the_body_that_litellm_makes_of_a_request():
    chat = LitellmChat(name="x", model="hosted_vllm/q", address="http://127.0.0.1:9/v1", parameters={})
    resumed = chat.limited(ReplyLimits(tokens=7, thinking="on", resumed=True))
    line = BatchEndpoint(resumed).line("key", [{"role": "user", "content": "?"}], None)
    assert b'"continue_final_message":true' in line and b'"max_tokens":7' in line and b"extra_body" not in line


def test_tables_are_joined():
    assert merge({"a": {"b": 1, "c": 2}, "d": 1}, {"a": {"b": 3}}) == {"a": {"b": 3, "c": 2}, "d": 1}
