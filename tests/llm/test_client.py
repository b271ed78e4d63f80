"""Asking: order, resume, retries of unreadable replies, streaming, privacy."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel, Price, Reply
from hypnos.llm.failures import TransientError, RefusedError
from hypnos.llm.journal.journal import Journal
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.requests import Request


class Scripted(ChatModel):
    """Says what a function of prompt and sample makes, in this process."""

    name = model = "scripted"
    in_flight = 4

    def __init__(self, say, *, address=None, price=(0.0, 0.0)):
        self.say = say
        self.sent: list[tuple[str, int]] = []
        self.address = address or ChatModel.address
        self._price = Price(input=price[0], output=price[1]) if price else None

    def price(self):
        return self._price

    async def complete(self, messages, *, schema, sample):
        prompt = messages[-1]["content"]
        self.sent.append((prompt, sample))
        said = self.say(prompt, sample)
        if isinstance(said, Exception):
            raise said
        return Reply(
            text=said, model="scripted-1", tokens_in=10, tokens_out=2, cost=0.5, seconds=0.1, date="2026-01-01"
        )


def texts(answers):
    return [answer.text for answer in answers]


def test_answers_come_in_the_order_of_the_requests(client, requests):
    model = Scripted(lambda prompt, sample: prompt[::-1])
    answers = list(client().ask(model, requests(50), parse=str))
    assert texts(answers) == [f"第{i}条"[::-1] for i in range(50)]
    assert [answer.request.id for answer in answers] == [f"r{i}" for i in range(50)]
    assert {answer.model for answer in answers} == {"scripted-1"}


def test_what_the_journal_holds_is_never_sent_again(client, requests):
    model = Scripted(lambda prompt, sample: prompt)
    first = list(client().ask(model, requests(20), parse=str))
    assert len(model.sent) == 20
    again = list(client().ask(model, requests(25), parse=str))
    assert len(model.sent) == 25
    assert again[:20] == first


def test_an_unreadable_reply_is_asked_for_again_under_the_next_number(client, requests):
    model = Scripted(lambda prompt, sample: '{"a": 1}' if sample == 2 else "半截 {")
    (answer,) = client().ask(model, requests(1), parse=read_object, attempts=3)
    assert (answer.value, answer.attempts, answer.reason) == ({"a": 1}, 3, "")
    assert [sample for _, sample in model.sent] == [0, 1, 2]
    assert (answer.cost, answer.tokens_in, answer.tokens_out) == (1.5, 30, 6)
    (replayed,) = client().ask(model, requests(1), parse=read_object, attempts=3)
    assert replayed == answer
    assert len(model.sent) == 3


def test_what_stays_unreadable_is_set_aside_with_its_last_text(client, requests):
    model = Scripted(lambda prompt, sample: f"没有分数 {sample}")
    (answer,) = client().ask(model, requests(1), parse=read_object, attempts=2)
    assert (answer.value, answer.attempts, answer.reason, answer.text) == (None, 2, "unreadable", "没有分数 1")
    (more,) = client().ask(model, requests(1), parse=read_object, attempts=3)
    assert more.attempts == 3
    assert [sample for _, sample in model.sent] == [0, 1, 2]


def test_a_falsy_value_is_a_value(client, requests):
    (answer,) = client().ask(Scripted(lambda *_: "0"), requests(1), parse=lambda text: float(text))
    assert (answer.value, answer.reason) == (0.0, "")


def test_repeats_are_rows_of_their_own(client, requests):
    model = Scripted(lambda prompt, sample: f"{sample}")
    repeats = [request for number in (0, 100, 200) for request in requests(1, first_sample=number)]
    assert texts(client().ask(model, repeats, parse=str)) == ["0", "100", "200"]


def test_the_same_request_twice_is_paid_once(client, requests):
    model = Scripted(lambda prompt, sample: prompt)
    assert len(list(client().ask(model, requests(5, "同一条"), parse=str))) == 5
    assert len(model.sent) == 1


def test_requests_are_read_only_a_window_ahead(client, requests):
    read = []

    def endless() -> Iterator[Request]:
        for i in itertools.count():
            read.append(i)
            yield Request(id=f"{i}", messages=({"role": "user", "content": f"{i}"},))

    answers = client(window=8).ask(Scripted(lambda prompt, _: prompt), endless(), parse=str)
    for expected in range(20):
        assert next(answers).text == f"{expected}"
        assert len(read) <= expected + 9
    answers.close()


def test_a_reply_is_committed_before_it_is_yielded(client, requests):
    one = client()
    for number, _ in enumerate(one.ask(Scripted(lambda prompt, _: prompt), requests(30), parse=str), 1):
        assert one.journal.count() >= number


def test_a_refusal_is_kept_and_not_asked_again(client, requests):
    model = Scripted(lambda *_: RefusedError("content filter", "no", lasting=True))
    (answer,) = client().ask(model, requests(1), parse=str)
    assert (answer.value, answer.reason, answer.attempts) == (None, "refused: content filter: no", 1)
    assert list(client().ask(model, requests(1), parse=str)) == [answer]
    assert len(model.sent) == 1


def test_a_passing_failure_is_tried_again_and_counted(client, requests):
    failures = iter([TransientError("429"), TransientError("503"), TransientError("timeout", billed=True)])
    model = Scripted(lambda prompt, _: next(failures, "好"))
    one = client()
    (answer,) = one.ask(model, requests(1), parse=str)
    assert (answer.text, answer.attempts) == ("好", 1)
    assert one.counts(model).sent == 4
    assert one.journal.failures() == {"429": 1, "503": 1, "timeout": 1}


def test_what_fails_to_the_end_is_set_aside_and_asked_again_later(client, requests):
    broken = [True]
    model = Scripted(lambda *_: TransientError("503") if broken else "好")
    (answer,) = client(tries=3).ask(model, requests(1), parse=str)
    assert (answer.value, answer.reason, answer.attempts) == (None, "failed: 503", 0)
    assert len(model.sent) == 3
    broken.clear()
    (answer,) = client().ask(model, requests(1), parse=str)
    assert answer.text == "好"


def test_a_model_that_is_gone_stops_the_run(client, requests):
    model = Scripted(lambda *_: TransientError("connection"))
    with pytest.raises(UserError, match="20 requests in a row brought no reply") as caught:
        list(client(tries=2).ask(model, requests(500), parse=str))
    assert "connection" in str(caught.value)
    assert len(model.sent) < 100


def test_a_mistake_stops_at_once_and_keeps_what_was_answered(client, requests):
    model = Scripted(lambda prompt, _: UserError("wrong key") if prompt == "第9条" else prompt)
    one, answers = client(), []
    with pytest.raises(UserError, match="wrong key"):
        answers.extend(one.ask(model, requests(500), parse=str))
    assert len(model.sent) < 30
    assert one.journal.count() == len(model.sent) - 1
    assert one.journal.connect().execute("SELECT COUNT(*) FROM reservations").fetchone() == (0,)


def test_a_fault_of_parse_reaches_the_caller(client, requests):
    with pytest.raises(ZeroDivisionError):
        list(client().ask(Scripted(lambda *_: "好"), requests(3), parse=lambda text: 1 / 0))


def test_the_budget_stops_before_it_is_passed(client, requests):
    model = Scripted(lambda prompt, _: prompt, price=(0.01, 0.0))
    model.max_tokens = 0
    one = client(usd=5.0)
    with pytest.raises(UserError, match=r"\$4\.5000 of budget\.usd=5 spent") as caught:
        list(one.ask(model, requests(100, "第{}条" + "长" * 40), parse=str))
    assert "\n" not in str(caught.value)
    assert one.journal.spent()[0] <= 5.0
    held = one.journal.count()
    more = client(usd=8.0)
    with pytest.raises(UserError, match=r"budget\.usd=8"):
        list(more.ask(model, requests(100, "第{}条" + "长" * 40), parse=str))
    assert held < more.journal.count() == len(model.sent)
    assert 7.0 <= more.journal.spent()[0] <= 8.0


def test_a_request_that_timed_out_counts_at_its_estimate(client, requests):
    failures = iter([TransientError("timeout", billed=True), TransientError("429")])
    model = Scripted(lambda *_: next(failures, "好"), price=(0.0, 0.25))
    model.max_tokens = 4
    one = client(usd=50.0)
    list(one.ask(model, requests(1), parse=str))
    assert one.journal.spent()[0] == 4 * 0.25 + 0.5


def test_a_budget_in_dollars_needs_a_price(client, requests):
    model = Scripted(lambda *_: "好", price=None)
    with pytest.raises(UserError, match="no price of scripted is known"):
        list(client(usd=1.0).ask(model, requests(1), parse=str))
    assert model.sent == []
    assert len(list(client(tokens=10**6).ask(model, requests(1), parse=str))) == 1


@pytest.mark.parametrize(
    "address",
    ["https://api.example.com/v1", "deepseek", "http://localhost.example.com/v1", "http://localhost:1@example.com/v1"],
)
def test_a_record_that_must_stay_is_never_sent_out(client, requests, address):
    model = Scripted(lambda prompt, _: prompt, address=address)
    records = [*requests(3), *requests(1, "秘密", egress="local")]
    with pytest.raises(UserError, match=r"record r0: egress is local") as caught:
        list(client().ask(model, records, parse=str))
    assert "秘密" not in str(caught.value)
    assert all(prompt != "秘密" for prompt, _ in model.sent)


@pytest.mark.parametrize("address", ["http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:80/v1", None])
def test_a_record_that_must_stay_may_go_to_a_local_address(client, requests, address):
    model = Scripted(lambda prompt, _: prompt, address=address)
    assert texts(client().ask(model, requests(1, egress="local"), parse=str)) == ["第0条"]


def test_a_list_of_local_addresses_of_ones_own(client, requests):
    model = Scripted(lambda prompt, _: prompt, address="http://gpu7.hospital.cn/v1")
    one = client(local_addresses=["GPU7.hospital.cn"])
    assert texts(one.ask(model, requests(1, egress="local"), parse=str)) == ["第0条"]


def test_what_a_provider_promised_to_structure_is_checked(client, requests):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    model = Scripted(lambda _, sample: '{"a": 1}' if sample else '{"a": "one"}')
    model.structured = lambda: True
    (answer,) = client().ask(model, requests(1, schema=schema), parse=read_object)
    assert (answer.value, answer.attempts) == ({"a": 1}, 2)
    model.structured = lambda: False
    (tolerant,) = client().ask(model, requests(1, schema=schema), parse=read_object)
    assert (tolerant.value, tolerant.attempts) == ({"a": "one"}, 1)


def test_on_a_slow_disk_no_more_is_uncommitted_than_is_in_flight(client, requests, monkeypatch):
    """What is sent and not yet in the journal is what a kill at that moment pays for twice."""
    slow = Journal.transaction

    @contextmanager
    def transaction(journal):
        with slow(journal) as connection:
            yield connection
            time.sleep(0.01)  # before the commit

    monkeypatch.setattr(Journal, "transaction", transaction)
    one, uncommitted = client(), []

    def say(prompt, _):
        known = one.journal.count() + sum(one.journal.failures().values())
        uncommitted.append(len(model.sent) - known)
        return TransientError("503") if len(model.sent) % 10 == 0 else prompt

    model = Scripted(say)
    assert len(list(one.ask(model, requests(100), parse=str))) == 100
    assert 1 < max(uncommitted) <= model.in_flight


def test_several_threads_ask_several_models_through_one_client(client, requests):
    one, found = client(), {}

    def ask(name):
        model = Scripted(lambda prompt, _: name + prompt)
        model.model = name
        found[name] = texts(one.ask(model, requests(40), parse=str))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("甲", "乙", "丙")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: [f"{name}第{i}条" for i in range(40)] for name in ("甲", "乙", "丙")}


def test_a_dry_run_sends_nothing_and_counts_what_is_held(client, requests):
    model = Scripted(lambda prompt, _: prompt, price=(0.001, 0.002))
    one = client()
    list(one.ask(model, requests(4), parse=str))
    sent = len(model.sent)
    found = one.estimate(model, requests(10), tokens_out=100)
    assert (found.requests, found.held, found.tokens_out) == (10, 4, 600)
    assert found.usd == pytest.approx(found.tokens_in * 0.001 + 600 * 0.002)
    assert found.most_usd > found.usd
    assert len(model.sent) == sent
    assert json.loads(json.dumps(str(found))).startswith("scripted: 10 requests, 4 of them answered before")
