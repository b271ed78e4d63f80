"""Prices, stated or in litellm's list, and models that the list lacks."""

import json
import os
from dataclasses import replace
from importlib.resources import files

import pytest

from hypnos.errors import UserError
from hypnos.llm.providers import price_list
from hypnos.llm.providers.litellm import LitellmChat, load_litellm
from hypnos.llm.providers.price_list import listed_price, stated_price

COSTS = {
    "plain": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
    "half": {"input_cost_per_token": 2e-6, "output_cost_per_token": 4e-6, "input_cost_per_token_batches": 1e-6},
    "tiers": {"tiered_pricing": [{"input_cost_per_token": 3e-6, "output_cost_per_token": 6e-6}, {}]},
    "image": {"input_cost_per_pixel": 1},
    "dashscope/q": {"litellm_provider": "dashscope", "input_cost_per_token": 4e-7, "output_cost_per_token": 1.2e-6},
}


@pytest.mark.parametrize(
    ("model", "batch", "price"),
    [
        ("plain", False, (1e-6, 2e-6)),
        ("provider/plain", False, (1e-6, 2e-6)),
        ("half", True, (1e-6, 4e-6)),
        ("half", False, (2e-6, 4e-6)),
        ("tiers", False, (3e-6, 6e-6)),
        ("image", False, None),
        ("dashscope/q", True, (2e-7, 6e-7)),
        ("unknown", False, None),
    ],
)
def test_prices_of_the_list(model, batch, price):
    listed = listed_price(model, COSTS, batch=batch)
    assert (listed and (listed.input, listed.output)) == price


def test_cached_tokens_are_priced_where_a_price_is_known():
    assert listed_price("cached", {"cached": {**COSTS["plain"], "cache_read_input_token_cost": 1e-7}}).cached == 1e-7
    assert listed_price("plain", COSTS).cached is None
    stated = stated_price({"input": 1, "output": 2, "cached": 0.1, "thinking": 8, "date": "2026-11-29"}, where="x")
    assert (stated.cached, stated.thinking, stated.written) == (pytest.approx(1e-7), pytest.approx(8e-6), None)


def test_what_the_list_has_of_thought_cache_and_batches_is_booked():
    costs = load_litellm().model_cost
    claude = listed_price("anthropic/claude-haiku-4-5-20251001", costs, batch=True)
    assert (claude.input, claude.output, claude.cached, claude.written) == (5e-7, 2.5e-6, 5e-8, 6.25e-7)
    qwen = listed_price("dashscope/qwen-plus-2025-09-11", costs)
    assert (qwen.output, qwen.thinking, qwen.whole) == (1.2e-6, 4e-6, True)
    assert listed_price("dashscope/qwen-plus-2025-09-11", costs, batch=True).thinking == 2e-6


def test_stated_prices_are_per_million_and_go_first():
    model = LitellmChat(name="x", model="gpt-3.5-turbo", prices={"input": 3, "output": 4.5})
    assert model.price().cost(1_000_000, 2_000_000) == pytest.approx(12.0)
    assert LitellmChat(name="x", model="gpt-3.5-turbo").price().cost(1_000_000, 0) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "prices",
    [
        *({}, {"input": 1}, {"input": 1, "output": -1}, {"input": "1", "output": 1}),
        *({"input": 1, "output": 1, "reply": 2}, {"input": 1, "output": 1, "date": "today"}),
    ],
)
def test_prices_that_cannot_be(prices):
    with pytest.raises(UserError, match=r"llm x\.prices"):
        stated_price(prices, where="llm x")


def test_the_price_list_is_litellm_s_own_copy(monkeypatch):
    """No look-up on the network: the list that was loaded is the file that litellm brings along."""
    litellm = load_litellm()
    bundled = json.loads(files("litellm").joinpath("model_prices_and_context_window_backup.json").read_text("utf-8"))
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] == "True"
    assert litellm.model_cost["gpt-3.5-turbo"] == bundled["gpt-3.5-turbo"]


def test_a_model_that_litellms_list_lacks_is_put_there_once_and_still_has_no_price(
    server, make_client, requests, monkeypatch
):
    monkeypatch.setattr(price_list, "_entered", set())
    litellm = load_litellm()
    registered = []
    keep = litellm.register_model
    monkeypatch.setattr(litellm, "register_model", lambda entry: (registered.append(entry), keep(entry)))
    named, running = "hosted_vllm/unlisted-0613", server()
    before = LitellmChat(name="x", model=named).structured()
    assert named not in litellm.model_cost
    client = make_client()
    model = running.model(model="hosted_vllm/unlisted")
    try:
        for start in range(3):
            list(
                client.ask(model, [replace(r, id=f"{start}{r.id}") for r in requests(4, f"{start}第{{}}条")], parse=str)
            )
        assert [list(entry) for entry in registered] == [[named]]
        assert litellm.get_model_info(named)["input_cost_per_token"] > 0
        again = LitellmChat(name="x", model=named)
        assert again.price() is None and again.structured() == before
    finally:
        del litellm.model_cost[named]
    assert {row["reply"]["cost"] for row in client.journal.entries()} == {None}


def test_a_reply_that_is_paid_for_does_not_hang_on_the_list(server, make_client, requests, monkeypatch):
    def refuse(entry):
        raise TypeError(str(entry))

    monkeypatch.setattr(price_list, "_entered", set())
    monkeypatch.setattr(load_litellm(), "register_model", refuse)
    running = server()
    (answer,) = make_client().ask(running.model(model="hosted_vllm/unlisted"), requests(1, "echo 好"), parse=str)
    assert answer.text == "echo 好" and running.stats()["requests"] == 1


def test_a_model_that_the_list_has_is_left_as_it_is(server, make_client, requests, monkeypatch):
    monkeypatch.setattr(load_litellm(), "register_model", lambda entry: pytest.fail(str(entry)))
    model = server().model(model="openai/gpt-3.5-turbo")
    (answer,) = make_client().ask(model, requests(1), parse=str)
    assert answer.model == "gpt-3.5-turbo-0613"


def test_a_reply_says_its_provider_and_price_where_they_are_looked_for():
    """In an attribute of litellm's that is private: where it is gone, unlisted models are searched for at each reply."""
    assert "_hidden_params" in load_litellm().ModelResponse.__private_attributes__
