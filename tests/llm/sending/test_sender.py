"""Transient errors are tried again, the rest is given up or stops the run; the budget is never passed."""

import time
from contextlib import contextmanager

import pytest

from hypnos.errors import UserError
from hypnos.llm.failures import RefusedError, TransientError
from hypnos.llm.journal.journal import Journal


def test_a_refusal_is_kept_and_not_asked_again(make_client, requests, scripted):
    model = scripted(lambda *_: RefusedError("content filter", "no", lasting=True))
    (answer,) = make_client().ask(model, requests(1), parse=str)
    assert (answer.value, answer.reason, answer.attempts) == (None, "refused: content filter: no", 1)
    assert list(make_client().ask(model, requests(1), parse=str)) == [answer]
    assert len(model.sent) == 1


def test_a_passing_failure_is_tried_again_and_counted(make_client, requests, scripted):
    failures = iter([TransientError("429"), TransientError("503"), TransientError("timeout", billed=True)])
    model = scripted(lambda prompt, _: next(failures, "好"))
    client = make_client()
    (answer,) = client.ask(model, requests(1), parse=str)
    assert (answer.text, answer.attempts) == ("好", 1)
    assert client.counts(model).sent == 4
    assert client.journal.failures() == {"429": 1, "503": 1, "timeout": 1}


def test_what_fails_to_the_end_is_set_aside_and_asked_again_later(make_client, requests, scripted):
    broken = [True]
    model = scripted(lambda *_: TransientError("503") if broken else "好")
    (answer,) = make_client(tries=3).ask(model, requests(1), parse=str)
    assert (answer.value, answer.reason, answer.attempts) == (None, "failed: 503", 0)
    assert len(model.sent) == 3
    broken.clear()
    (answer,) = make_client().ask(model, requests(1), parse=str)
    assert answer.text == "好"


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


def test_a_request_that_timed_out_counts_at_its_estimate(make_client, requests, scripted):
    failures = iter([TransientError("timeout", billed=True), TransientError("429")])
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
