"""The provider's batch endpoint, through litellm, against a server that has one."""

import pytest

from hypnos.errors import UserError
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.journal.ledger import BATCH, Reservation, reserve
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.batches import BatchEndpoint
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
    create, retrieve = BatchEndpoint.create, BatchEndpoint.retrieve

    async def counted(self, lines):
        nonlocal most
        batch = await create(self, lines)
        opened.add(batch)
        most = max(most, len(opened))
        return batch

    async def watched(self, batch):
        state, results = await retrieve(self, batch)
        if state == "completed":
            opened.discard(batch)
        return state, results

    monkeypatch.setattr(BatchEndpoint, "create", counted)
    monkeypatch.setattr(BatchEndpoint, "retrieve", watched)
    assert all(
        answer.value is not None for answer in make_client().ask(batched(running), requests(60), parse=read_object)
    )
    assert running.stats()["batches"] == 6
    assert most == 4


def test_a_run_that_was_stopped_waits_for_the_same_batch(server, make_client, requests, monkeypatch):
    running = server()
    with monkeypatch.context() as patched:

        async def stopped(self, batch):
            raise UserError("stopped")

        patched.setattr(BatchEndpoint, "retrieve", stopped)
        with pytest.raises(UserError, match="stopped"):
            list(make_client().ask(batched(running), requests(5), parse=read_object))
    answers = list(make_client().ask(batched(running), requests(5), parse=read_object))
    assert all(answer.value is not None for answer in answers)
    stats = running.stats()
    assert (stats["batches"], stats["batched"], stats.get("requests", 0)) == (1, 5, 0)


def test_what_is_in_a_batch_is_not_asked_beside_it(server, make_client, requests, monkeypatch):
    running = server()

    async def stopped(self, batch):
        raise UserError("stopped")

    monkeypatch.setattr(BatchEndpoint, "retrieve", stopped)
    with pytest.raises(UserError, match="stopped"):
        list(make_client().ask(batched(running), requests(5), parse=read_object))
    with pytest.raises(UserError, match=r"in a batch that was sent before: set llm\.batch"):
        list(make_client().ask(batched(running, batch=None), requests(5), parse=read_object))


def test_a_batch_whose_id_was_lost_counts_as_spent(server, make_client, requests):
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
    model = LitellmChat(name="claude", model="anthropic/claude-haiku-4-5", key_variable="SOME_KEY", batch=5)
    with pytest.raises(UserError, match="claude: batch: litellm has no batches for anthropic"):
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
