"""Transient errors are tried again, the rest is given up or stops the run; the budget is never passed."""

import threading
import time
from contextlib import contextmanager

import pytest

from hypnos.errors import UserError
from hypnos.llm.failures import BusyError, RefusedError, TransientError
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.ledger import BATCH, Reservation, release, reserve, this_process
from hypnos.llm.sending import budget_words


def test_a_refusal_is_kept_and_not_asked_again(make_client, requests, scripted):
    model = scripted(lambda *_: RefusedError("content filter", "no"))
    (answer,) = make_client().ask(model, requests(1), parse=str)
    assert (answer.value, answer.reason, answer.attempts) == (None, "refused: content filter: no", 1)
    assert list(make_client().ask(model, requests(1), parse=str)) == [answer]
    assert len(model.sent) == 1


def test_a_passing_failure_is_tried_again_and_counted(make_client, requests, scripted):
    failures = iter([BusyError("429"), TransientError("500"), TransientError("timeout", billed=True)])
    model = scripted(lambda prompt, _: next(failures, "好"))
    client = make_client()
    (answer,) = client.ask(model, requests(1), parse=str)
    assert (answer.text, answer.attempts) == ("好", 1)
    assert client.counts(model).sent == 4
    assert client.journal.failures() == {"429": 1, "500": 1, "timeout": 1}


def test_what_fails_to_the_end_is_no_answer_and_is_asked_again_by_the_next_start(make_client, requests, scripted):
    broken = ["第1条"]
    model = scripted(lambda prompt, _: TransientError("500", words="服务器错误") if prompt in broken else prompt)
    client, answers = make_client(tries=3), []
    with pytest.raises(UserError, match=r"1 requests got no answer \(first: r1: 500: 服务器错误\); start again"):
        answers.extend(client.ask(model, requests(5), parse=str))
    assert [answer.text for answer in answers] == ["第0条"]  # what comes after the gap waits in the journal
    assert client.journal.count() == 4
    assert len(model.sent) == 4 + 3
    broken.clear()
    assert [answer.text for answer in make_client().ask(model, requests(5), parse=str)] == [
        f"第{i}条" for i in range(5)
    ]
    assert len(model.sent) == 4 + 3 + 1


def test_a_busy_provider_is_never_a_failed_try(make_client, requests, scripted):
    refusals = iter([BusyError("429", words="速率限制")] * 30)
    model = scripted(lambda prompt, _: next(refusals, prompt))
    answers = list(make_client(tries=2).ask(model, requests(40), parse=str))
    assert [answer.text for answer in answers] == [f"第{i}条" for i in range(40)]
    assert len(model.sent) == 40 + 30


def test_a_provider_that_stays_away_ends_the_run_with_its_words_and_costs_nothing(make_client, requests, scripted):
    away = [True]
    model = scripted(
        lambda prompt, _: BusyError("429", words="您的账户已达到速率限制") if away else prompt, price=(1.0, 1.0)
    )
    client = make_client(patience=0.05, usd=1e9)
    with pytest.raises(UserError, match=r"takes no requests \(429: 您的账户已达到速率限制\).* client\.patience=0\.05"):
        list(client.ask(model, requests(100), parse=str))
    assert len(model.sent) <= model.in_flight + 10
    assert client.journal.spent() == (0.0, 0)
    assert client.journal.connect().execute("SELECT COUNT(*) FROM reservations").fetchone() == (0,)
    away.clear()
    assert len(list(client.ask(model, requests(5), parse=str))) == 5


def test_a_wait_longer_than_the_patience_ends_the_run_at_once(make_client, requests, scripted):
    model = scripted(lambda prompt, _: BusyError("429", words="daily quota", wait=36_000.0))
    with pytest.raises(UserError, match="daily quota"):
        list(make_client().ask(model, requests(100), parse=str))
    assert len(model.sent) <= model.in_flight


def test_a_server_that_was_never_there_is_not_waited_for(make_client, requests, scripted):
    def say(prompt, _):
        return BusyError("no connection", words="Cannot connect to host x:9", paced=False, reached=False)

    with pytest.raises(UserError, match=r"cannot be reached \(Cannot connect to host x:9\)"):
        list(make_client(tries=3).ask(scripted(say), requests(10), parse=str))


def test_a_server_that_was_there_is_waited_for(make_client, requests, scripted):
    sent = []

    def say(prompt, _):
        sent.append(prompt)
        return BusyError("no connection", paced=False, reached=False) if 5 < len(sent) < 30 else prompt

    assert len(list(make_client(tries=3).ask(scripted(say), requests(20), parse=str))) == 20


def test_a_model_that_is_gone_stops_the_run(make_client, requests, scripted):
    model = scripted(lambda *_: TransientError("connection"))
    with pytest.raises(UserError, match="20 requests in a row brought no reply") as caught:
        list(make_client(tries=2).ask(model, requests(500), parse=str))
    assert "connection" in str(caught.value)
    assert len(model.sent) < 100


def test_a_mistake_stops_at_once_and_keeps_what_was_answered(make_client, requests, scripted):
    model = scripted(lambda prompt, _: UserError("wrong key") if prompt == "第9条" else prompt)
    client, answers = make_client(), []
    with pytest.raises(UserError, match="wrong key"):
        answers.extend(client.ask(model, requests(500), parse=str))
    assert len(model.sent) < 30
    assert client.journal.count() == len(model.sent) - 1
    assert client.journal.connect().execute("SELECT COUNT(*) FROM reservations").fetchone() == (0,)


def test_the_budget_stops_before_it_is_passed(make_client, requests, scripted):
    model = scripted(lambda prompt, _: prompt, price=(0.01, 0.0))
    model.max_tokens = 0
    client = make_client(usd=5.0)
    with pytest.raises(UserError, match=r"\$4\.5000 of budget\.usd=5 spent") as caught:
        list(client.ask(model, requests(100, "第{}条" + "长" * 40), parse=str))
    assert "\n" not in str(caught.value)
    assert client.journal.spent()[0] <= 5.0
    held = client.journal.count()
    more = make_client(usd=8.0)
    with pytest.raises(UserError, match=r"budget\.usd=8"):
        list(more.ask(model, requests(100, "第{}条" + "长" * 40), parse=str))
    assert held < more.journal.count() == len(model.sent)
    assert 7.0 <= more.journal.spent()[0] <= 8.0


def test_a_budget_that_batches_hold_which_nobody_collects_ends_the_run(make_client, requests, scripted):
    model = scripted(lambda prompt, _: prompt, price=(0.0, 1.0))
    model.max_tokens = 1
    client = make_client(usd=3.0)
    with client.journal.transaction() as connection:
        assert reserve(connection, Reservation("old", 2.5, 1000), client.budget, BATCH) == "granted"
    with pytest.raises(UserError, match=r"\$0\.0000 of budget\.usd=3 spent .* hold \$2\.5000 and 1,000 tokens more"):
        list(client.ask(model, requests(1), parse=str))
    assert not model.sent


def test_a_budget_that_another_process_holds_is_waited_for_and_told(
    make_client, requests, scripted, monkeypatch, caplog
):
    monkeypatch.setattr(budget_words, "_TELL_EVERY", 0.3)
    caplog.set_level("INFO")
    model = scripted(lambda prompt, _: prompt, price=(0.0, 1.0))
    model.max_tokens = 1
    client = make_client(usd=3.0)
    with client.journal.transaction() as connection:
        reserve(connection, Reservation("batched", 1.0, 7), client.budget, BATCH)
        reserve(connection, Reservation("other", 1.5, 9), client.budget, this_process())

    def settled():
        with client.journal.transaction() as connection:
            release(connection, "other")

    threading.Timer(1.0, settled).start()
    assert len(list(client.ask(model, requests(1), parse=str))) == 1
    told = [line for line in caplog.messages if "waiting for the budget" in line]
    assert 1 <= len(told) <= 4
    assert "$1.5000 and 9 tokens promised to requests under way, $1.0000 and 7 tokens to open batches" in told[0]


def test_a_request_that_timed_out_counts_at_its_estimate(make_client, requests, scripted):
    failures = iter([TransientError("timeout", billed=True), BusyError("429")])
    model = scripted(lambda *_: next(failures, "好"), price=(0.0, 0.25))
    model.max_tokens = 4
    client = make_client(usd=50.0)
    list(client.ask(model, requests(1), parse=str))
    assert client.journal.spent()[0] == 4 * 0.25 + 0.5


def test_on_a_slow_disk_no_more_is_uncommitted_than_is_in_flight(make_client, requests, scripted, monkeypatch):
    """What is sent and not yet in the journal is what a kill at that moment pays for twice."""
    slow = Journal.transaction

    @contextmanager
    def transaction(journal):
        with slow(journal) as connection:
            yield connection
            time.sleep(0.01)  # before the commit

    monkeypatch.setattr(Journal, "transaction", transaction)
    client, uncommitted = make_client(), []

    def say(prompt, _):
        known = client.journal.count() + sum(client.journal.failures().values())
        uncommitted.append(len(model.sent) - known)
        return TransientError("503") if len(model.sent) % 10 == 0 else prompt

    model = scripted(say)
    assert len(list(client.ask(model, requests(100), parse=str))) == 100
    assert 1 < max(uncommitted) <= model.in_flight
