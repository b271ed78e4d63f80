"""How fast, how often, at what price."""

import asyncio
import random
from types import SimpleNamespace

import pytest

from hypnos.errors import UserError
from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel
from hypnos.llm.failures import TransientError
from hypnos.llm.providers.errors import translate
from hypnos.llm.providers.litellm import LitellmChat, load_litellm
from hypnos.llm.providers.price_list import listed_price, stated_price
from hypnos.llm.sending.pacing import Limits, wait_before
from hypnos.llm.token_counts import most_tokens, usual_tokens


def test_retry_after_is_a_least_and_jitter_comes_on_top():
    chance = random.Random(0)
    waits = [wait_before(1, TransientError("429", retry_after=10.0), chance) for _ in range(200)]
    assert min(waits) >= 10.0
    assert max(waits) <= 11.1
    assert len(set(waits)) > 100


def test_waits_double_up_to_a_minute_without_it():
    chance = random.Random(0)
    for tried, longest in ((1, 0.5), (2, 1.0), (5, 8.0), (20, 60.0)):
        waits = [wait_before(tried, TransientError("503"), chance) for _ in range(200)]
        assert longest / 2 <= min(waits) < max(waits) <= longest


class Headers(Exception):
    status_code = 429

    def __init__(self, value):
        super().__init__("slow down")
        self.litellm_response_headers = {"retry-after": value}


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 1e9, 9e9),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value, low, high):
    failure = translate(Headers(value), name="n", model="m", address="a", variable=None)
    assert isinstance(failure, TransientError)
    assert low <= failure.retry_after <= high


def test_a_retry_after_that_is_neither_is_ignored():
    assert translate(Headers("soon"), name="n", model="m", address="a", variable=None).retry_after is None


class Limited(ChatModel):
    name = model = "limited"

    async def complete(self, messages, *, schema, sample):
        raise NotImplementedError


@pytest.fixture
def slept(monkeypatch):
    """The waits that a row of requests is given, on a clock that stands still."""
    monkeypatch.setattr("hypnos.llm.sending.pacing.time", SimpleNamespace(monotonic=lambda: 100.0))
    return waits_of


def waits_of(model, tokens):
    waits = []

    async def run():
        limits, stop = Limits(model), Cancellation()

        async def sleep(seconds):
            waits.append(seconds)

        stop.sleep = sleep
        for count in tokens:
            async with limits.turn(count, stop):
                pass

    asyncio.run(run())
    return waits


def test_requests_a_minute_are_spread_evenly(slept):
    model = Limited()
    model.requests_per_minute = 60
    assert slept(model, [1] * 4) == [1.0, 2.0, 3.0]


def test_tokens_a_minute_count_by_size(slept):
    model = Limited()
    model.tokens_per_minute = 6000
    assert slept(model, [200, 100, 50]) == [2.0, 3.0]


def test_no_more_than_in_flight_at_once():
    model = Limited()
    model.in_flight = 3
    most = 0

    async def run():
        nonlocal most
        limits, stop, now = Limits(model), Cancellation(), 0

        async def one():
            nonlocal now, most
            async with limits.turn(1, stop):
                now += 1
                most = max(most, now)
                await asyncio.sleep(0)
                now -= 1

        await asyncio.gather(*(one() for _ in range(20)))

    asyncio.run(run())
    assert most == 3


def test_a_stop_ends_waits():
    async def run():
        stop = Cancellation()
        asyncio.get_running_loop().call_soon(stop.set, UserError("enough"))
        with pytest.raises(UserError, match="enough"):
            await stop.sleep(1000)
        with pytest.raises(UserError, match="enough"):
            stop.check()

    asyncio.run(run())


COSTS = {
    "plain": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
    "half": {"input_cost_per_token": 2e-6, "output_cost_per_token": 4e-6, "input_cost_per_token_batches": 1e-6},
    "tiers": {"tiered_pricing": [{"input_cost_per_token": 3e-6, "output_cost_per_token": 6e-6}, {}]},
    "image": {"input_cost_per_pixel": 1},
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
        ("unknown", False, None),
    ],
)
def test_prices_of_the_list(model, batch, price):
    found = listed_price(model, COSTS, batch=batch)
    assert (found and (found.input, found.output)) == price


def test_stated_prices_are_per_million_and_go_first():
    model = LitellmChat(name="x", model="gpt-3.5-turbo", prices={"input": 3, "output": 4.5})
    assert model.price().cost(1_000_000, 2_000_000) == pytest.approx(12.0)
    assert LitellmChat(name="x", model="gpt-3.5-turbo").price().cost(1_000_000, 0) == pytest.approx(0.5)


@pytest.mark.parametrize("prices", [{}, {"input": 1}, {"input": 1, "output": -1}, {"input": "1", "output": 1}])
def test_prices_that_cannot_be(prices):
    with pytest.raises(UserError, match=r"llm x\.prices"):
        stated_price(prices, where="llm x")


def test_the_price_list_is_litellm_s_own_copy(monkeypatch):
    """No look-up on the network: the list that was loaded is the file that litellm brings along."""
    import json
    import os
    from importlib.resources import files

    litellm = load_litellm()
    bundled = json.loads(files("litellm").joinpath("model_prices_and_context_window_backup.json").read_text("utf-8"))
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert litellm.model_cost["gpt-3.5-turbo"] == bundled["gpt-3.5-turbo"]


def test_reservations_count_more_tokens_than_any_tokenizer():
    llama2 = {"丙泊酚的诱导剂量是多少？" * 20: 441, "What is the induction dose of propofol? " * 20: 221}
    for text, most in llama2.items():  # counted with Llama 2's tokenizer, which splits Chinese the most
        message = ({"role": "user", "content": text},)
        assert usual_tokens(message) < most_tokens(message)
        assert most <= most_tokens(message) <= 2.7 * most
