import logging
from collections import Counter

import pytest

from hypnos.llm.requests import Answer
from hypnos.llm.sending import progress as progress_module
from hypnos.llm.sending.counts import Counts
from hypnos.llm.sending.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """Time that moves only where a test moves it."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


@pytest.fixture
def answer(requests):
    def make(reason=""):
        (request,) = requests(1)
        counted = {"attempts": 1, "cost": 0.0, "tokens_in": 0, "tokens_out": 0}
        return Answer(request=request, value=None if reason else 1, text="", model="m", reason=reason, **counted)

    return make


def test_a_line_now_and_then_counts_only_this_asking(clock, answer, caplog):
    caplog.set_level(logging.INFO)
    counts = Counts(sent=7, replies=7, cost=9.0)
    progress = Progress("scoring", 40)
    progress.begin(counts)
    for number in range(10):
        counts.sent += 2
        counts.cost += 0.25
        progress.step(answer("unreadable" if number == 3 else ""), counts)
    counts.failures = Counter({"429": 10})
    progress.show(counts)
    assert caplog.messages == []
    clock.now += 31.0
    progress.show(counts)
    progress.show(counts)
    left = "01:33"  # 31 seconds for 10 of 40
    assert caplog.messages == [
        f"scoring: 10 of 40 done, $2.5000 spent, 20 sent, 10 of them failed, 1 set aside, {left} left"
    ]


def test_the_end_is_told_where_something_was_sent(clock, answer, caplog):
    caplog.set_level(logging.INFO)
    counts = Counts()
    for sent in (0, 3):
        progress = Progress("scoring", None)
        progress.begin(counts)
        progress.step(answer(), counts)
        counts.sent += sent
        progress.close(counts)
    assert caplog.messages == ["scoring: 1 answered, $0.0000 spent, 3 sent"]
