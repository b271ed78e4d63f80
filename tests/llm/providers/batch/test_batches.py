"""Batches of an endpoint that takes files, against a server that has one: journal, budget, resume."""

import subprocess
import sys
import time

import pytest

from hypnos.errors import UserError
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.journal.ledger import BATCH, Reservation, reserve
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.batch import pending
from hypnos.llm.providers.batch.file_endpoint import FileEndpoint
from hypnos.llm.providers.litellm import LitellmChat


def batched(running, **changes):
    fixed = {"model": "openai/m", "batch": 10, "batch_poll": 0.02, "prices": {"input": 0.0, "output": 1.0}}
    return running.model(**{**fixed, **changes})


def test_a_batch_fills_the_journal_and_unreadable_replies_are_asked_directly(server, make_client, requests):
    running, client = server(batch_seconds=0.1), make_client(tokens=10**6)
    records = [*requests(22), *requests(2, "half{}")]
    answers = list(client.ask(batched(running), records, parse=read_object))
    assert [answer.request.id for answer in answers] == [record.id for record in records]
    assert all(answer.value is not None for answer in answers)
    assert [answer.attempts for answer in answers] == [1] * 22 + [2] * 2
    stats = running.stats()
    assert (stats["batches"], stats["batched"], stats["requests"]) == (3, 24, 2)
    assert answers[0].cost == pytest.approx(answers[0].tokens_out * 1e-6)
    assert client.journal.spent()[1] == sum(answer.tokens_in + answer.tokens_out for answer in answers)
    assert list(make_client().ask(batched(running), records, parse=read_object)) == answers
    assert running.stats()["batches"] == 3


def test_several_batches_are_open_at_once(server, make_client, requests, monkeypatch):
    running = server(batch_seconds=0.3)
    opened, most = set(), 0
    create, look = FileEndpoint.create, FileEndpoint.look

    async def counted(self, mark, asked):
        nonlocal most
        batch = await create(self, mark, asked)
        opened.add(batch)
        most = max(most, len(opened))
        return batch

    async def watched(self, batch, asked):
        seen = await look(self, batch, asked)
        if seen.over:
            opened.discard(batch)
        return seen

    monkeypatch.setattr(FileEndpoint, "create", counted)
    monkeypatch.setattr(FileEndpoint, "look", watched)
    assert all(
        answer.value is not None for answer in make_client().ask(batched(running), requests(60), parse=read_object)
    )
    assert running.stats()["batches"] == 6
    assert most == 4


def test_a_run_that_was_stopped_waits_for_the_same_batch(server, make_client, requests, monkeypatch):
    running = server()
    with monkeypatch.context() as patched:

        async def stopped(self, batch, asked):
            raise UserError("stopped")

        patched.setattr(FileEndpoint, "look", stopped)
        with pytest.raises(UserError, match="stopped"):
            list(make_client().ask(batched(running), requests(5), parse=read_object))
    answers = list(make_client().ask(batched(running), requests(5), parse=read_object))
    assert all(answer.value is not None for answer in answers)
    stats = running.stats()
    assert (stats["batches"], stats["batched"], stats.get("requests", 0)) == (1, 5, 0)


def test_what_is_in_a_batch_is_not_asked_beside_it(server, make_client, requests, monkeypatch):
    running = server()

    async def stopped(self, batch, asked):
        raise UserError("stopped")

    monkeypatch.setattr(FileEndpoint, "look", stopped)
    with pytest.raises(UserError, match="stopped"):
        list(make_client().ask(batched(running), requests(5), parse=read_object))
    with pytest.raises(UserError, match=r"in a batch that was sent before: set llm\.batch"):
        list(make_client().ask(batched(running, batch=None), requests(5), parse=read_object))


def test_a_batch_of_an_earlier_version_whose_id_was_lost_counts_as_spent(server, make_client, requests):
    running, client = server(), make_client(usd=5.0)
    model = batched(running)
    key = RequestKeys(model.identity(), requests(1)[0]).sample(0)
    with client.journal.transaction() as connection:
        reserve(connection, Reservation(key, 0.25, 7), client.budget, BATCH)
    (answer,) = client.ask(model, requests(1), parse=read_object)
    assert client.journal.failures() == {"killed": 1}
    assert client.journal.spent()[0] == pytest.approx(0.25 + answer.cost)


def test_a_provider_without_batches_is_told(make_client, requests, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "zq-0123456789")
    model = LitellmChat(name="own", model="deepseek/deepseek-v4-flash", key_variable="SOME_KEY", batch=5)
    with pytest.raises(UserError, match="own: batch: no batches are known of deepseek"):
        list(make_client().ask(model, requests(1), parse=str))


def test_a_record_that_must_stay_enters_no_batch(server, make_client, requests):
    running = server()
    with pytest.raises(UserError, match="record r0: egress is local"):
        list(
            make_client(local_addresses=["other"]).ask(
                batched(running), [*requests(1, egress="local"), *requests(3)], parse=read_object
            )
        )
    assert "batches" not in running.stats()


def test_a_record_that_must_stay_enters_no_batch_of_a_local_server_either(server, make_client, requests):
    running = server()
    with pytest.raises(UserError, match="own: batch: a record that must stay local enters no batch"):
        list(make_client().ask(batched(running), requests(2, egress="local"), parse=read_object))
    assert "batches" not in running.stats()


@pytest.mark.parametrize("newer", [0, 3])
def test_a_batch_whose_id_was_not_heard_is_found_at_its_provider(server, make_client, requests, monkeypatch, newer):
    running = server(batch_cut=1)
    with pytest.raises(UserError, match="own: batch: connection"):
        list(make_client(tokens=10**6).ask(batched(running), requests(5), parse=read_object))
    for number in range(newer):  # batches of others, sent since
        list(make_client().ask(batched(running), requests(5, f"{number}第{{}}条"), parse=read_object))
    client = make_client(tokens=10**6)
    answers = list(client.ask(batched(running), requests(5), parse=read_object))
    assert all(answer.value is not None for answer in answers)
    stats = running.stats()
    assert (stats["batches"], stats["batched"], stats.get("requests", 0)) == (1 + newer, 5 + 5 * newer, 0)
    assert client.journal.connect().execute("SELECT COUNT(*) FROM reservations").fetchone() == (0,)


def test_what_was_promised_and_never_sent_is_sent(server, make_client, requests, monkeypatch):
    running = server()

    async def ended(self, *arguments):
        raise RuntimeError("as if killed")

    for name in ("_rename", "_drop"):
        with monkeypatch.context() as patched:
            patched.setattr(pending, "APPEARS_AFTER", 0.0)
            patched.setattr(pending, "this_process", lambda: "1:0")  # a process that is gone
            patched.setattr(FileEndpoint, "prepare" if name == "_drop" else "create", ended)
            patched.setattr(f"hypnos.llm.providers.batch.batches.Batches.{name}", ended)
            with pytest.raises(RuntimeError, match="as if killed"):
                list(make_client().ask(batched(running), requests(5), parse=read_object))
    monkeypatch.setattr(pending, "APPEARS_AFTER", 0.0)
    client = make_client()
    assert len(list(client.ask(batched(running), requests(5), parse=read_object))) == 5
    assert running.stats()["batches"] == 1
    assert client.journal.connect().execute("SELECT COUNT(*) FROM reservations").fetchone() == (0,)


def test_an_endpoint_that_is_away_for_a_while_is_asked_again(server, make_client, requests):
    running = server(batch_broken=4)
    assert len(list(make_client().ask(batched(running), requests(5), parse=read_object))) == 5
    assert running.stats()["batches"] == 1


def test_what_came_back_as_an_error_is_asked_one_by_one_at_the_full_price(
    server, make_client, requests, monkeypatch, caplog
):
    running = server()
    model = batched(running, model="openai/gpt-4.1", prices=None)
    client = make_client(usd=5.0)
    answers = list(client.ask(model, [*requests(3), *requests(1, "error{}")], parse=read_object))
    stats = running.stats()
    assert (stats["batched"], stats["requests"]) == (4, 1)
    assert "1 of 4 requests came back without a reply" in caplog.text
    per_token = [(answer.tokens_in, answer.tokens_out, answer.cost) for answer in answers]
    assert [cost for *_, cost in per_token] == [
        pytest.approx(share * (2e-6 * tokens_in + 8e-6 * tokens_out))
        for share, (tokens_in, tokens_out, _) in zip([0.5, 0.5, 0.5, 1.0], per_token, strict=True)
    ]
    assert client.journal.spent()[0] == pytest.approx(sum(answer.cost for answer in answers))


def test_a_batch_refused_as_a_whole_is_told_with_its_reason_and_sent_again_by_the_next_start(
    server, make_client, requests
):
    running = server(batch_refused="Enqueued token limit reached. Limit: 200,000 enqueued tokens.")
    client = make_client(usd=5.0)
    with pytest.raises(UserError, match=r"batch-0 of 5 requests was refused .*: Enqueued token limit reached"):
        list(client.ask(batched(running), requests(5), parse=read_object))
    assert running.stats().get("requests", 0) == 0
    assert client.journal.spent() == (0.0, 0)
    assert client.journal.connect().execute("SELECT COUNT(*) FROM reservations").fetchone() == (0,)
    assert client.journal.connect().execute("SELECT done FROM batches").fetchall() == [(1,)]
    running.change(batch_refused=None)
    assert len(list(client.ask(batched(running), requests(5), parse=read_object))) == 5
    stats = running.stats()
    assert (stats["batches"], stats.get("requests", 0)) == (2, 0)


def test_a_batch_refused_since_a_run_was_stopped_is_sent_again(server, make_client, requests, monkeypatch):
    running, create = server(), FileEndpoint.create
    with monkeypatch.context() as patched:

        async def stopped(self, batch, asked):
            raise UserError("stopped")

        patched.setattr(FileEndpoint, "look", stopped)
        with pytest.raises(UserError, match="stopped"):
            list(make_client(usd=5.0).ask(batched(running), requests(5), parse=read_object))
    running.change(batch_refused="billing hard limit")

    async def taken(self, mark, asked):
        running.change(batch_refused=None)
        return await create(self, mark, asked)

    monkeypatch.setattr(FileEndpoint, "create", taken)
    assert len(list(make_client(usd=5.0).ask(batched(running), requests(5), parse=read_object))) == 5
    stats = running.stats()
    assert (stats["batches"], stats.get("requests", 0)) == (2, 0)


def test_dashscope_takes_the_same_files_thinks_only_when_told_and_costs_half(
    server, make_client, requests, monkeypatch
):
    monkeypatch.setenv("SOME_KEY", "zq-0123456789")
    running = server()
    parameters = {"temperature": 0, "max_tokens": 100, "extra_body": {"enable_thinking": False}}
    model = running.model(
        name="qwen",
        model="dashscope/qwen-plus",
        batch=10,
        batch_poll=0.02,
        key_variable="SOME_KEY",
        parameters=parameters,
    )
    answers = list(make_client(usd=1.0).ask(model, requests(4), parse=read_object))
    assert running.stats()["batches"] == 1
    bodies = running.batched()
    assert {(body["model"], body["enable_thinking"], body["max_tokens"]) for body in bodies} == {
        ("qwen-plus", False, 100)
    }
    assert answers[0].cost == pytest.approx(0.5 * (4e-7 * answers[0].tokens_in + 1.2e-6 * answers[0].tokens_out))


_ASKER = """
import sys
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.requests import Request
model = LitellmChat(name="own", model="openai/m", address=sys.argv[1], parameters={"temperature": 0, "max_tokens": 100},
                    batch=10, batch_poll=0.02, prices={"input": 0.0, "output": 1.0}, timeout=60.0)
requests = [Request(id=f"r{i}", messages=({"role": "user", "content": f"第{i}条"},)) for i in range(30)]
print(sum(1 for _ in Client(journal=Journal(path=sys.argv[2])).ask(model, requests, parse=str)))
"""


@pytest.mark.slow
def test_a_run_killed_between_upload_and_id_finds_its_batches_again(server, tmp_path):
    running = server(batch_hang=60.0)
    command = [sys.executable, "-c", _ASKER, running.url, str(tmp_path / "journal.sqlite")]
    with subprocess.Popen(command) as first:
        until = time.monotonic() + 60
        while running.stats().get("batches", 0) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        first.kill()
    running.change(batch_hang=0.0)
    second = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert second.stdout.strip() == "30"
    stats = running.stats()
    assert (stats["batches"], stats["batched"], stats.get("requests", 0)) == (3, 30, 0)
