import asyncio
from types import SimpleNamespace

import orjson

from hypnos.llm.chat import ReplyLimits
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.providers.batch.file_endpoint import FileEndpoint
from hypnos.llm.providers.litellm import LitellmChat


def endpoint(model, provider="hosted_vllm"):
    return FileEndpoint(model, name="q", provider=provider, address=None)


def test_a_line_has_the_body_that_litellm_makes_of_a_request(requests):
    chat = LitellmChat(name="x", model="hosted_vllm/q", address="http://127.0.0.1:9/v1", parameters={})
    resumed = chat.limited(ReplyLimits(tokens=7, thinking="on", resumed=True))
    line = endpoint(resumed)._line("key", {"key": RequestKeys(resumed.identity(), requests(1)[0])})
    assert b'"continue_final_message":true' in line and b'"max_tokens":7' in line and b"extra_body" not in line


def test_a_batch_cut_off_by_time_is_over_and_not_refused(server, requests):
    running = server()
    model = running.model(model="openai/m")
    asked = {"k0": RequestKeys(model.identity(), requests(1)[0]), "k1": RequestKeys(model.identity(), requests(2)[1])}

    async def walk():
        opened = endpoint(model, "openai")
        mark = await opened.prepare(asked)
        batch = await opened.create(mark, asked)
        running.change(batch_state="expired")
        look = await opened.look(batch, {"k1": asked["k1"]})
        return await opened.candidates(mark, 2), batch, look

    found, batch, look = asyncio.run(walk())
    assert found == [batch]
    assert (look.state, look.over, look.refusal, look.keys) == ("expired", True, "", {"k0", "k1"})
    assert list(look.bodies) == ["k1"] and orjson.loads(look.bodies["k1"]["choices"][0]["message"]["content"])["score"]


def test_a_row_that_is_none_is_no_reply_and_its_neighbours_are(monkeypatch):
    lines = (
        b'{"custom_id": "k0", "response": {"status_code": 500, "body": "oops"}}\nnull\n'
        b'{"custom_id": "k1", "response": {"status_code": 200, "body": {"choices": [{"message": {"content": "x"}}]}}}\n'
        b'{"custom_id": "k2", "respo'
    )

    async def call(function, **arguments):
        if "batch_id" in arguments:
            return SimpleNamespace(status="completed", output_file_id="o", error_file_id=None)
        return SimpleNamespace(content=lines)

    opened = endpoint(LitellmChat(name="x", model="openai/q"), "openai")
    monkeypatch.setattr(opened, "_call", call)
    look = asyncio.run(opened.look("b", dict.fromkeys(("k0", "k1", "k2"))))
    assert look.over and look.keys == {"k0", "k1"} and list(look.bodies) == ["k1"]
