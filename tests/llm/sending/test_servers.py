"""Many servers of one model: least loaded first; one that dies, hangs or fails is left, and nothing is lost."""

import asyncio
import time
from collections import Counter

import pytest

from hypnos.errors import UserError
from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel
from hypnos.llm.failures import TransientError
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.sending.servers import FIRST_LEAVE, own_servers


class Many(ChatModel):
    name = model = "many"
    in_flight = 8

    def __init__(self, *addresses):
        self._addresses = addresses
        self.address = addresses[0]

    @property
    def addresses(self):
        return self._addresses

    def servers(self):
        return [Many(address) for address in self._addresses] if len(self._addresses) > 1 else [self]

    async def complete(self, messages, *, schema, sample):
        raise NotImplementedError


def test_the_least_loaded_takes_the_next_and_one_that_failed_a_request_not_the_same_again():
    async def run():
        servers, cancellation = own_servers(Many("http://a", "http://b", "http://c")), Cancellation()
        turns = [servers.turn(1, cancellation) for _ in range(6)]
        taken = [(await turn.__aenter__())[0] for turn in turns]
        assert [server.model.address[-1] for server in taken] == ["a", "b", "c", "a", "b", "c"]
        await turns[1].__aexit__(None, None, None)
        async with servers.turn(1, cancellation) as (server, _):
            assert server is taken[1]
        async with servers.turn(1, cancellation, failed_at={taken[1]}) as (server, _):
            assert server is not taken[1]
        async with servers.turn(1, cancellation, failed_at=set(taken)) as (server, _):
            assert server is taken[1]  # all have failed it: the least loaded again

    asyncio.run(run())


def test_one_that_hangs_is_tried_by_one_request_that_finds_no_room_elsewhere_and_a_reply_brings_it_back():
    async def run():
        servers, cancellation = own_servers(Many("http://a", "http://b")), Cancellation()
        a, b = servers
        async with servers.turn(1, cancellation) as (server, sent):
            assert server is a
            servers.failed(a, TransientError("timeout"), sent)
        assert a.left
        width = b.limits.gate.width
        started = time.monotonic()
        held = [servers.turn(1, cancellation) for _ in range(width)]
        assert [(await turn.__aenter__())[0] for turn in held] == [b] * width  # up to its width
        turn = servers.turn(1, cancellation)
        server, sent = await asyncio.wait_for(turn.__aenter__(), 2)
        assert server is a
        assert time.monotonic() - started >= FIRST_LEAVE / 2
        with pytest.raises(TimeoutError):  # not another one as long as this is open
            await asyncio.wait_for(servers.turn(1, cancellation).__aenter__(), 0.05)
        a.answered(sent)
        assert (await asyncio.wait_for(servers.turn(1, cancellation).__aenter__(), 1))[0] is a

    asyncio.run(run())


def test_a_time_out_of_one_long_reply_among_others_leaves_nobody():
    async def run():
        servers, cancellation = own_servers(Many("http://a", "http://b")), Cancellation()
        async with servers.turn(1, cancellation) as (a, sent):
            a.answered(time.monotonic())
            servers.failed(a, TransientError("timeout"), sent)
            assert not a.left
            for _ in range(4):
                servers.failed(a, TransientError("500"), sent)
            assert a.left

    asyncio.run(run())


def test_one_address_is_never_left():
    async def run():
        servers = own_servers(Many("http://a"))
        (a,) = servers
        for _ in range(9):
            servers.failed(a, TransientError("timeout"), 0.0)
        assert not a.left

    asyncio.run(run())


def test_servers_that_die_hang_and_break_lose_nothing_and_nothing_is_paid_twice(
    server, make_client, requests, tmp_path
):
    paid = tmp_path / "paid"
    faults = ({}, {"hang": 1.0}, {"status_share": 0.15})
    running = [server(latency=0.01, paid=str(paid), **fault) for fault in faults]
    model = running[0].model(address=[one.url for one in running], timeout=3.0)
    asked, answers = requests(400), []
    for answer in make_client().ask(model, asked, parse=read_object):
        answers.append(answer)
        if len(answers) == 100:
            running[0].stop()
    assert [answer.request.id for answer in answers] == [request.id for request in asked]
    assert all(answer.value is not None for answer in answers)
    prompts = paid.read_text("utf-8").splitlines()  # the servers' own count of what they delivered
    assert sorted(prompts) == sorted(request.messages[0]["content"] for request in asked)
    hung, broken = running[1].stats(), running[2].stats()
    assert hung["requests"] <= 20
    assert broken["500"] > 5


def test_what_one_server_fails_another_is_asked_for_as_often_as_if_it_were_alone(scripted, make_client, requests):
    calls = Counter()

    def say(prompt, sample):
        calls[prompt] += 1
        return TransientError("500") if calls[prompt] < 4 else "答"

    class Two(scripted):
        addresses = ("http://a", "http://b")

        def servers(self):
            return [scripted(say), scripted(say)]

    assert [one.value for one in make_client(tries=2).ask(Two(say), requests(3), parse=str)] == ["答"] * 3
    calls.clear()
    with pytest.raises(UserError, match="3 requests got no answer"):
        list(make_client(tries=1).ask(Two(say), requests(3, "问{}"), parse=str))
    assert set(calls.values()) == {2}


def test_the_key_of_a_reply_does_not_depend_on_who_answered(server, make_client, requests):
    first, second = server(), server()
    both = first.model(address=[first.url, second.url], timeout=60.0)
    assert list(make_client().ask(both, requests(20), parse=read_object))
    assert first.stats()["replies"] >= 1
    assert second.stats()["replies"] >= 1
    alone, (request,) = first.model(), requests(1)
    assert RequestKeys(alone.identity(), request).sample(0) == RequestKeys(both.identity(), request).sample(0)
    answered = first.stats()["requests"] + second.stats()["requests"]
    assert list(make_client().ask(alone, requests(20), parse=read_object))
    assert first.stats()["requests"] + second.stats()["requests"] == answered


def test_what_must_stay_goes_to_allowed_hosts_alone(server, make_client, requests):
    here, away = server(), server(latency=0.0, host="0.0.0.0")
    elsewhere = away.url.replace("127.0.0.1", "127.0.0.2")
    model = here.model(address=[elsewhere, here.url], timeout=60.0)
    stay, leave = requests(10, "留{}", egress="local"), requests(10, "走{}")
    answers = list(make_client().ask(model, [*stay, *leave], parse=read_object))
    assert len(answers) == 20
    assert here.stats()["requests"] >= 10
    assert not [prompt for prompt in away.prompts() if prompt.startswith("留")]
    with pytest.raises(UserError, match=r"record r0: egress is local.*127\.0\.0\.2:\d+/v1, http.*none of the local"):
        list(make_client(local_addresses=["gpu7"]).ask(model, requests(1, "新", egress="local"), parse=str))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"address": ["http://a/v1", "b:1"]}, "b:1: no URL"),
        ({"address": ["http://a/v1", "http://a/v1"]}, "one stands there twice"),
        ({"address": ["http://a/v1", "http://b/v1"], "batch": 10}, "batch: sent to one address, and 2 are stated"),
    ],
)
def test_a_list_of_addresses_that_cannot_be(settings, named):
    with pytest.raises(UserError, match=named):
        LitellmChat(name="own", model="hosted_vllm/m", **settings)
