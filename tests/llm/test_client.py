"""Asking: order, resume, streaming, privacy."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from hypnos.errors import UserError
from hypnos.llm.requests import Request


def texts(answers):
    return [answer.text for answer in answers]


def test_answers_come_in_the_order_of_the_requests(make_client, requests, scripted):
    model = scripted(lambda prompt, sample: prompt[::-1])
    answers = list(make_client().ask(model, requests(50), parse=str))
    assert texts(answers) == [f"第{i}条"[::-1] for i in range(50)]
    assert [answer.request.id for answer in answers] == [f"r{i}" for i in range(50)]
    assert {answer.model for answer in answers} == {"scripted-1"}


def test_what_the_journal_holds_is_never_sent_again(make_client, requests, scripted):
    model = scripted(lambda prompt, sample: prompt)
    first = list(make_client().ask(model, requests(20), parse=str))
    assert len(model.sent) == 20
    again = list(make_client().ask(model, requests(25), parse=str))
    assert len(model.sent) == 25
    assert again[:20] == first


def test_repeats_are_rows_of_their_own(make_client, requests, scripted):
    model = scripted(lambda prompt, sample: f"{sample}")
    repeats = [request for number in (0, 100, 200) for request in requests(1, first_sample=number)]
    assert texts(make_client().ask(model, repeats, parse=str)) == ["0", "100", "200"]


def test_the_same_request_twice_is_paid_once(make_client, requests, scripted):
    model = scripted(lambda prompt, sample: prompt)
    assert len(list(make_client().ask(model, requests(5, "同一条"), parse=str))) == 5
    assert len(model.sent) == 1


def test_requests_are_read_only_a_window_ahead(make_client, requests, scripted):
    read = []

    def endless() -> Iterator[Request]:
        for i in itertools.count():
            read.append(i)
            yield Request(id=f"{i}", messages=({"role": "user", "content": f"{i}"},))

    answers = make_client(window=8).ask(scripted(lambda prompt, _: prompt), endless(), parse=str)
    for expected in range(20):
        assert next(answers).text == f"{expected}"
        assert len(read) <= expected + 9
    answers.close()


def test_a_reply_is_committed_before_it_is_yielded(make_client, requests, scripted):
    client = make_client()
    for number, _ in enumerate(client.ask(scripted(lambda prompt, _: prompt), requests(30), parse=str), 1):
        assert client.journal.count() >= number


@pytest.mark.parametrize(
    "address",
    ["https://api.example.com/v1", "deepseek", "http://localhost.example.com/v1", "http://localhost:1@example.com/v1"],
)
def test_a_record_that_must_stay_is_never_sent_out(make_client, requests, scripted, address):
    model = scripted(lambda prompt, _: prompt, address=address)
    records = [*requests(3), *requests(1, "秘密", egress="local")]
    with pytest.raises(UserError, match=r"record r0: egress is local") as caught:
        list(make_client().ask(model, records, parse=str))
    assert "秘密" not in str(caught.value)
    assert all(prompt != "秘密" for prompt, _ in model.sent)


@pytest.mark.parametrize("address", ["http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:80/v1", None])
def test_a_record_that_must_stay_may_go_to_a_local_address(make_client, requests, scripted, address):
    model = scripted(lambda prompt, _: prompt, address=address)
    assert texts(make_client().ask(model, requests(1, egress="local"), parse=str)) == ["第0条"]


def test_a_list_of_local_addresses_of_ones_own(make_client, requests, scripted):
    model = scripted(lambda prompt, _: prompt, address="http://gpu7.hospital.cn/v1")
    client = make_client(local_addresses=["GPU7.hospital.cn"])
    assert texts(client.ask(model, requests(1, egress="local"), parse=str)) == ["第0条"]


def test_several_threads_ask_several_models_through_one_client(make_client, requests, scripted):
    client, answers = make_client(), {}

    def ask(name):
        model = scripted(lambda prompt, _: name + prompt)
        model.model = name
        answers[name] = texts(client.ask(model, requests(40), parse=str))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("甲", "乙", "丙")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {name: [f"{name}第{i}条" for i in range(40)] for name in ("甲", "乙", "丙")}
