"""Several models at once: answers in order, what they cost, and what stops the run."""

import asyncio
import json
import os
import signal
import threading
import time

import pytest

from hypnos.curation.ask_authors import ParallelAsker, Spend, model_key
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.failures import BusyError, TransientError
from hypnos.llm.journal.journal import Journal
from hypnos.llm.recorded import RecordedChat
from hypnos.llm.requests import Answer, Request


def requests(*texts):
    return [Request(id=text, messages=({"role": "user", "content": text},)) for text in texts]


@pytest.fixture
def ask(author, client):
    """An asker of two models that repeat what they are asked, the second one in brackets."""

    def make(first=lambda prompt, sample: prompt, **more):
        models = {"one": author("one", first), "two": author("two", lambda prompt, sample: f"[{prompt}]")}
        return ParallelAsker(client, models, attempts=1, what="test", **more)

    return make


def test_each_model_answers_its_own_requests_in_their_order(ask):
    asker = ask()
    answers = asker.collect({"one": requests("a", "b"), "two": requests("c")}, parse=str)
    assert {name: [answer.value for answer in of_model] for name, of_model in answers.items()} == {
        "one": ["a", "b"],
        "two": ["[c]"],
    }
    assert (asker.spend["one"].requests, asker.spend["two"].replies) == (2, 1)
    assert asker.spend["one"].plain()["models"] == ["one-0613"]


def test_answers_set_aside_on_disk_come_back_with_what_could_not_be_read(ask):
    def parse(text):
        return {"text": text} if text != "b" else None

    with ask().spooled({"one": requests("a", "b"), "two": requests("c")}, parse=parse) as answers:
        kept = {name: list(of_model) for name, of_model in answers.items()}
    keys = [entry.pop("key") for of_model in kept.values() for entry in of_model]
    assert len(set(keys)) == 3 and all(len(key) == 64 for key in keys)
    assert kept["two"] == [{"value": {"text": "[c]"}, "model": "two-0613", "reason": ""}]
    assert kept["one"][0]["value"] == {"text": "a"}
    assert kept["one"][1] == {"value": None, "model": "one-0613", "reason": "unreadable", "text": "b"}


def test_an_error_of_one_model_stops_the_others_and_is_raised(ask):
    def broken(prompt, sample):
        raise UserError("this model is broken")

    with pytest.raises(UserError, match="this model is broken"):
        ask(broken).collect({"one": requests("a"), "two": requests("c")}, parse=str)


def test_an_interrupt_keeps_the_replies_that_are_under_way(author, client, monkeypatch):
    model = author("one", lambda prompt, sample: prompt)
    complete = model.complete

    async def slow(*arguments, **settings):
        reply = await complete(*arguments, **settings)
        if len(model.asked) == 4:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        await asyncio.sleep(1.5)
        return reply

    monkeypatch.setattr(model, "complete", slow)
    monkeypatch.setattr(model, "in_flight", 4, raising=False)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # runs in the background ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            ParallelAsker(client, {"one": model}, attempts=1, what="test").collect(
                {"one": requests(*map(str, range(40)))}, parse=str
            )
    finally:
        signal.signal(signal.SIGINT, before)
    client.close()
    assert (len(model.asked), client.journal.count(), client.journal.failures()) == (4, 4, {})


def test_an_error_of_one_model_does_not_wait_for_a_provider_that_is_away(author, tmp_path):
    def broken(prompt, sample):
        raise UserError("this model is broken")

    def away(prompt, sample):
        raise BusyError("429", words="slow down", wait=60.0)

    models = {"one": author("one", broken), "two": author("two", away)}
    with Client(journal=Journal(path=tmp_path / "journal.sqlite")) as client:
        begun = time.monotonic()
        with pytest.raises(UserError, match="this model is broken"):
            ParallelAsker(client, models, attempts=1, what="test").collect(
                {"one": requests("a"), "two": requests("c")}, parse=str
            )
        assert time.monotonic() - begun < 10


def test_requests_without_an_answer_stop_the_step_and_are_asked_alone_by_the_next_start(author, tmp_path):
    slow = ["a", "b"]

    def answer(prompt, sample):
        if prompt in slow:
            raise TransientError("timeout", words="too slow")
        return prompt

    def collect():
        with Client(journal=Journal(path=tmp_path / "journal.sqlite"), tries=1) as client:
            asker = ParallelAsker(client, {"one": model}, attempts=1, what="test")
            return asker.collect({"one": requests("a", "c", "b", "d")}, parse=str)

    model = author("one", answer)
    with pytest.raises(UserError, match=r"test: one: 2 requests got no answer \(first: a: timeout: too slow\)"):
        collect()
    assert len(model.asked) == 4
    slow.clear()
    assert [found.value for found in collect()["one"]] == ["a", "c", "b", "d"]
    assert sorted(prompt for prompt, _ in model.asked[4:]) == ["a", "b"]


def test_spend_adds_tokens_dollars_and_retries():
    spend = Spend()
    shared = {"text": "", "model": "m-1", "reason": "", "tokens_in": 10, "tokens_out": 5}
    (request,) = requests("a")
    spend.add(Answer(request=request, value="a", attempts=3, cost=0.25, **shared))
    spend.add(Answer(request=request, value=None, attempts=1, cost=None, **shared))
    assert spend.plain() == {
        **{"requests": 2, "replies": 4, "retried": 2, "unanswered": 1, "unpriced": 1},
        **{"tokens_in": 20, "tokens_out": 10, "usd": 0.25, "models": ["m-1"]},
    }


def test_the_key_of_a_recorded_model_holds_its_recording(tmp_path):
    keys = []
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"name": name}) + "\n", "utf-8")
        keys.append(model_key(RecordedChat(name="m", path=str(tmp_path / f"{name}.jsonl"), model="x")))
    assert keys[0]["name"] == "m"
    assert keys[0]["recording"] != keys[1]["recording"]
