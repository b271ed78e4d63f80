"""What is asked again and what is not; the server itself: tests/benchmark/answerers/test_gguf_model.py."""

import asyncio

import pytest

from hypnos.llm.engine.gguf_chat import GgufChat
from hypnos.llm.engine.gguf_file import GgufFile
from hypnos.llm.engine.llama_cpp import LlamaServer
from hypnos.llm.engine.own_server import OwnServerChat
from hypnos.llm.failures import TransientError


def test_a_reply_that_is_no_text_is_asked_for_again_under_a_grammar_and_nothing_else_is(tmp_path, monkeypatch):
    asked = []

    async def complete(chat, messages, *, schema, sample):
        asked.append(chat.parameters)
        if "grammar" not in chat.parameters["extra_body"]:
            raise TransientError(messages[0]["content"])
        return "reply"

    monkeypatch.setattr(OwnServerChat, "complete", complete)
    model = GgufFile(file=tmp_path / "m.gguf", context=9, control=(), template=None)
    body = {"extra_body": {"cache_prompt": False}}
    chat = GgufChat(name="m", model=model, engine=LlamaServer(llama_cpp=None, logs=str(tmp_path)), parameters=body)

    def ask(words):
        return asyncio.run(chat.complete([{"role": "user", "content": words}], schema=None, sample=0))

    assert ask("output that does not match the expected Content-only format") == "reply"
    assert [sorted(parameters["extra_body"]) for parameters in asked] == [
        ["cache_prompt"],
        ["cache_prompt", "grammar"],
    ]
    assert dict(chat.parameters) == body
    with pytest.raises(TransientError, match="busy"):
        ask("busy")
    assert len(asked) == 3
