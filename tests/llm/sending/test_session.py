"""Killed and started again, side by side; a budget needs a price."""

import os
import random
import signal
import threading
import time

import pytest

from hypnos.errors import UserError
from hypnos.llm.journal.journal import Journal


def test_a_budget_in_dollars_needs_a_price(make_client, requests, scripted):
    model = scripted(lambda *_: "好", price=None)
    with pytest.raises(UserError, match="no price of scripted is known"):
        list(make_client(usd=1.0).ask(model, requests(1), parse=str))
    assert model.sent == []
    assert len(list(make_client(tokens=10**6).ask(model, requests(1), parse=str))) == 1


def test_who_asks_the_same_model_at_the_same_address_waits_at_one_gate(server, make_client, requests):
    """A judge learns from what the author was refused: the second is not sent into a closed gate."""
    running, elsewhere, client = server(too_many=1.0, retry_after=100), server(), make_client(patience=0.5)
    author, judge = running.model(name="author", in_flight=2), running.model(name="judge", in_flight=2)
    with pytest.raises(UserError, match="takes no requests"):
        list(client.ask(author, requests(3), parse=str))
    seen = running.stats()["requests"]
    answers = client.ask(judge, requests(3), parse=str)
    asking = threading.Thread(target=lambda: next(answers, None), daemon=True)
    asking.start()
    asking.join(0.3)  # of the second that is left
    assert asking.is_alive()
    assert running.stats()["requests"] == seen
    running.change(too_many=0.0)
    asking.join(20)
    assert not asking.is_alive()
    answers.close()
    (other,) = client.ask(elsewhere.model(name="other", in_flight=2), requests(1), parse=str)
    assert other.text


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.matrix)])
def test_killed_and_started_again_asks_only_what_was_in_flight(server, tmp_path, workers, start, finish):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    options = {"in_flight": 8, "workers": workers}
    unbroken = server(latency=0.05)
    assert finish(start(whole, unbroken, 400, **options))[0] == 0
    running = server(latency=0.05)
    chance, kills = random.Random(workers), 0
    while True:
        process = start(broken, running, 400, **options)
        before = running.stats().get("requests", 0)
        while process.poll() is None and running.stats().get("requests", 0) < before + chance.randint(60, 120):
            time.sleep(0.02)
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        assert kills < 30
    assert finish(process)[0] == 0
    assert kills >= 3
    assert (broken / "answers.jsonl").read_bytes() == (whole / "answers.jsonl").read_bytes()
    journal = Journal(path=broken / "journal.sqlite")
    assert journal.count() == 400
    stats = running.stats()
    assert stats["different"] == 400
    assert stats["requests"] <= 400 + kills * 8
    assert stats["requests"] <= 400 + journal.failures().get("killed", 0)
    assert journal.connect().execute("SELECT COUNT(*) FROM reservations").fetchone() == (0,)


@pytest.mark.slow
def test_two_processes_share_one_budget_and_one_journal(server, tmp_path, start, finish):
    running = server(latency=0.05)
    options = {"in_flight": 8, "prices": {"input": 0.0, "output": 1e4}, "usd": 60.0}  # at most $1 a reply, really 0.4
    first = start(tmp_path, running, 300, file="a.jsonl", **options)
    second = start(tmp_path, running, 300, file="b.jsonl", first=150, **options)
    (code_a, errors_a), (code_b, errors_b) = finish(first), finish(second)
    assert (code_a, code_b) == (1, 1)
    assert "budget.usd=60" in errors_a.splitlines()[-1]
    assert "budget.usd=60" in errors_b.splitlines()[-1]
    journal = Journal(path=tmp_path / "journal.sqlite")
    spent, _ = journal.spent()
    rows = list(journal.entries())
    assert spent == pytest.approx(sum(row["reply"]["cost"] for row in rows))
    assert 58.0 <= spent <= 60.0
    assert running.stats()["requests"] == journal.count()
    assert running.stats()["most_asked"] == 1


@pytest.mark.slow
def test_two_processes_with_the_same_requests_pay_once(server, tmp_path, start, finish):
    running = server(latency=0.05)
    both = [start(tmp_path, running, 120, file=f"{name}.jsonl", in_flight=8) for name in "ab"]
    assert [finish(process)[0] for process in both] == [0, 0]
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert running.stats()["requests"] == 120


@pytest.mark.slow
def test_a_stop_by_hand_keeps_what_was_under_way(server, tmp_path, start):
    running = server(latency=0.3)
    process = start(tmp_path, running, 300, in_flight=8)
    while running.stats().get("requests", 0) < 30:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert 30 <= running.stats()["requests"] == Journal(path=tmp_path / "journal.sqlite").count() < 300
