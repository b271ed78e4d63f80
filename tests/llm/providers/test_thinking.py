import pytest

from hypnos.errors import UserError
from hypnos.llm.chat import ReplyLimits
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


def test_tables_are_joined():
    assert merge({"a": {"b": 1, "c": 2}, "d": 1}, {"a": {"b": 3}}) == {"a": {"b": 3, "c": 2}, "d": 1}
