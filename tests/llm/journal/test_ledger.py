import os
import subprocess
import sys

import pytest

from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.ledger import BATCH, Reservation, expire_dead, is_alive, release, reserve, settle, this_process

ME = this_process()


@pytest.fixture
def connection(tmp_path):
    return Journal(path=tmp_path / "j.sqlite").connect()


def ask(connection, key, usd=1.0, tokens=100, owner=ME):
    return reserve(connection, Reservation(key, usd, tokens), Budget(), owner)


def test_what_is_under_way_counts_at_its_most(connection):
    verdicts = [reserve(connection, Reservation(key, 4.0, 1), Budget(usd=10.0), ME) for key in "abc"]
    assert verdicts == ["granted", "granted", "wait"]
    settle(connection, "a", "all", usd=0.5, tokens=1)
    assert reserve(connection, Reservation("c", 4.0, 1), Budget(usd=10.0), ME) == "granted"


def test_what_does_not_fit_whatever_the_others_cost_is_spent(connection):
    budget = Budget(usd=10.0)
    reserve(connection, Reservation("a", 4.0, 1), budget, ME)
    settle(connection, "a", "all", usd=7.0, tokens=1)
    assert reserve(connection, Reservation("b", 4.0, 1), budget, ME) == "spent"
    assert reserve(connection, Reservation("b", 3.0, 1), budget, ME) == "granted"


def test_tokens_are_limited_alike(connection):
    budget = Budget(tokens=250)
    verdicts = [reserve(connection, Reservation(key, 0.0, 100), budget, ME) for key in "abc"]
    assert verdicts == ["granted", "granted", "wait"]
    release(connection, "a")
    assert reserve(connection, Reservation("c", 0.0, 100), budget, ME) == "granted"
    assert reserve(connection, Reservation("d", 0.0, 251), budget, ME) == "spent"


def test_accounts_are_counted_apart(connection):
    settle(connection, "x", "first", usd=10.0, tokens=1)
    assert reserve(connection, Reservation("a", 5.0, 1), Budget(usd=10.0, account="first"), ME) == "spent"
    assert reserve(connection, Reservation("a", 5.0, 1), Budget(usd=10.0, account="second"), ME) == "granted"


def test_the_same_request_is_not_sent_twice_at_once(connection):
    assert ask(connection, "a") == "granted"
    assert ask(connection, "a") == "elsewhere"
    assert ask(connection, "b", owner=BATCH) == "granted"
    assert ask(connection, "b") == "batch"


def test_reservations_of_a_process_that_is_gone_count_as_spent(connection):
    gone = subprocess.run(
        [sys.executable, "-c", "from hypnos.llm.journal.ledger import this_process; print(this_process())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    ask(connection, "a", usd=2.0, tokens=50, owner=gone)
    ask(connection, "b", usd=3.0)
    ask(connection, "c", usd=4.0, owner=BATCH)
    assert expire_dead(connection) == 1
    assert connection.execute("SELECT usd, tokens FROM accounts WHERE name = 'all'").fetchall() == [(2.0, 50)]
    assert connection.execute("SELECT key FROM reservations ORDER BY key").fetchall() == [("b",), ("c",)]
    assert connection.execute("SELECT key, reason FROM failures").fetchall() == [("a", "killed")]
    assert ask(connection, "a") == "granted"


def test_a_number_that_was_given_to_another_process_is_not_mistaken():
    number, _, started = ME.partition(":")
    assert is_alive(ME)
    if started:
        assert not is_alive(f"{number}:{int(started) - 1}")
    assert int(number) == os.getpid()
