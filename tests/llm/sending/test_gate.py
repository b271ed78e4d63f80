"""The gate against limits as providers have them, on a clock of its own: thousands of seconds in a moment."""

import heapq
import random

import pytest

from hypnos.llm.failures import BusyError
from hypnos.llm.sending.gate import Gate


@pytest.fixture
def at_once():
    """Here waits cost nothing, and are what they are."""


class Bucket:
    """Tokens that come back at a rate, up to a depth."""

    def __init__(self, rate, depth):
        self.rate, self.depth, self.held, self.at = rate, depth, float(depth), 0.0

    def takes(self, now, size):
        self.held, self.at = min(self.depth, self.held + (now - self.at) * self.rate), now
        if self.held < size:
            return False
        self.held -= size
        return True


class Window:
    """So many within any so many seconds."""

    def __init__(self, count, seconds):
        self.count, self.seconds, self.taken = count, seconds, []

    def takes(self, now, size):
        self.taken = [(at, of) for at, of in self.taken if at > now - self.seconds]
        if sum(of for _, of in self.taken) + size > self.count:
            return False
        self.taken.append((now, size))
        return True


class Away:
    def __init__(self, since, until):
        self.since, self.until = since, until

    def takes(self, now, size):
        return not self.since <= now < self.until


class ByChance:
    def __init__(self, share):
        self.share, self.chance = share, random.Random(1)

    def takes(self, now, size):
        return self.chance.random() >= self.share


def ask(limit, count, *, wait=None, paced=True, latency=0.3, sizes=(1, 1), in_flight=32, seed=0):
    """Ask `count` requests; gives the seconds that it took and the requests for each reply."""
    chance, gate, under_way = random.Random(seed), Gate(in_flight, now=0.0), []
    now, left, flying, sent, replies = 0.0, count, 0, 0, 0
    while replies < count:
        while left and flying < gate.width and gate.wait(now) <= 1e-9:
            moment, arrived = gate.send(now, in_flight=flying), now + chance.uniform(0, 0.01)  # not all are as quick
            taken = limit.takes(arrived, chance.randint(*sizes))
            back = arrived + (latency * chance.uniform(0.5, 1.5) if taken else 0.01)
            left, flying, sent = left - 1, flying + 1, sent + 1
            heapq.heappush(under_way, (back, sent, taken, moment))
        moments = [under_way[0][0]] if under_way else []
        if left and flying < gate.width:
            moments.append(now + max(gate.wait(now), 1e-6))
        now = min(moments)
        while under_way and under_way[0][0] <= now:
            _, _, taken, moment = heapq.heappop(under_way)
            flying -= 1
            if taken:
                gate.answered(moment, now)
                replies += 1
            else:
                left += 1
                gate.refused(BusyError("429", wait=wait, paced=paced), moment, now, in_flight=flying)
    return now, sent / count


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("limit", "seconds", "settings"),
    [
        (lambda: Bucket(4, 4), 75, {"wait": 1.0}),
        (lambda: Bucket(4, 4), 75, {}),
        (lambda: Window(4, 1), 75, {"wait": 1.0}),
        (lambda: Window(4, 1), 75, {}),
        (lambda: Window(5, 0.5), 30, {}),
        (lambda: Window(120, 60), 150, {}),
        (lambda: Window(48_000, 60), 150, {"sizes": (200, 600)}),
    ],
    ids=[
        "retry-after",
        "without",
        "a second's window",
        "without, a second's",
        "bursts",
        "a minute's window",
        "tokens a minute",
    ],
)
def test_three_hundred_at_the_pace_that_is_allowed(limit, seconds, settings, seed):
    took, sent = ask(limit(), 300, seed=seed, **settings)
    assert seconds / took >= 0.9
    assert sent <= 1.1


def test_a_pace_is_kept_where_replies_take_long():
    took, sent = ask(Window(4, 1), 1000, latency=5.0)
    assert (1000 / 4) / took >= 0.85
    assert sent <= 1.05


def test_time_in_which_nobody_asks_is_no_part_of_the_pace():
    gate = Gate(8, now=0.0)
    gate.answered(gate.send(0.0, in_flight=0), 0.2)
    moments = [gate.send(1000.0 + at / 10, in_flight=at) for at in range(5)]
    for moment in moments[:4]:
        gate.answered(moment, 1000.5)
    gate.refused(BusyError("429"), moments[4], 1000.5, in_flight=0)
    gate.answered(gate.send(1000.7, in_flight=0), 1000.8)
    assert 4 <= gate.pace <= 8


def test_a_server_that_is_away_for_ninety_seconds():
    took, sent = ask(Away(5, 95), 2000, paced=False)
    assert (90 + 2000 * 0.3 / 32) / took >= 0.9
    assert sent <= 1.1


def test_refusals_by_chance_do_not_slow_a_run_down_for_good():
    took, _ = ask(ByChance(0.05), 2000, wait=1.0)
    assert took <= 1.5 * (2000 * 0.05 * 1.0 + 2000 * 0.3 / 32)


def test_no_request_goes_before_the_time_that_the_provider_asks_for():
    gate = Gate(8, now=0.0)
    moment = gate.send(0.0, in_flight=0)
    assert gate.refused(BusyError("429", wait=20.0), moment, 0.5, in_flight=0)
    assert gate.wait(0.5) == pytest.approx(20.0)
    assert gate.wait(20.4) > 0
    assert gate.wait(20.5) == 0
    assert gate.silent == pytest.approx(20.0)


def test_refusals_of_what_was_sent_before_are_one_closing_and_the_pause_grows_with_each_try():
    gate, now = Gate(8, now=0.0), 0.0
    moments = [gate.send(0.0, in_flight=0) for _ in range(4)]
    assert [gate.refused(BusyError("503", paced=False), moment, 0.1, in_flight=3) for moment in moments] == [
        True, False, False, False,
    ]  # fmt: skip
    pauses = [gate.pause]
    for _ in range(8):
        now = gate.closed_until
        assert gate.refused(BusyError("503", paced=False), gate.send(now, in_flight=0), now + 0.01, in_flight=0)
        pauses.append(gate.pause)
    assert pauses == [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 7.0, 7.0, 7.0]
    gate.answered(gate.send(gate.closed_until, in_flight=0), gate.closed_until + 0.1)
    assert gate.silent == 0.0
