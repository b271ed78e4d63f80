"""How fast, and how long to wait before a retry."""

import asyncio
import random
from types import SimpleNamespace

import pytest

from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel
from hypnos.llm.failures import TransientError
from hypnos.llm.sending.pacing import wait_before
from hypnos.llm.sending.servers import own_servers


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


class Limited(ChatModel):
    name = model = "limited"

    async def complete(self, messages, *, schema, sample):
        raise NotImplementedError


@pytest.fixture
def slept(monkeypatch):
    """The waits that a row of requests is given, on a clock that only these waits move."""
    clock = SimpleNamespace(now=100.0)
    for module in ("pacing", "servers"):
        monkeypatch.setattr(f"hypnos.llm.sending.{module}.time", SimpleNamespace(monotonic=lambda: clock.now))

    def waits_of(model, tokens):
        waits = []

        async def sleep(seconds):
            waits.append(seconds)
            clock.now += seconds

        async def run():
            servers, cancellation = own_servers(model), Cancellation()
            cancellation.sleep = sleep
            for count in tokens:
                async with servers.turn(count, cancellation):
                    pass

        asyncio.run(run())
        return waits

    return waits_of


def test_requests_a_minute_are_spread_evenly(slept):
    model = Limited()
    model.requests_per_minute = 60
    assert slept(model, [1] * 4) == [1.0, 1.0, 1.0]


def test_tokens_a_minute_count_by_size(slept):
    model = Limited()
    model.tokens_per_minute = 6000
    assert slept(model, [200, 100, 50]) == [2.0, 1.0]


def test_no_more_than_in_flight_at_once():
    model = Limited()
    model.in_flight = 3
    most = 0

    async def run():
        nonlocal most
        servers, cancellation, now = own_servers(model), Cancellation(), 0

        async def ask():
            nonlocal now, most
            async with servers.turn(1, cancellation):
                now += 1
                most = max(most, now)
                await asyncio.sleep(0)
                now -= 1

        await asyncio.gather(*(ask() for _ in range(20)))

    asyncio.run(run())
    assert most == 3
