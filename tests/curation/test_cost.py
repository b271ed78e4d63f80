"""An estimate from some requests, scaled to all of them."""

from dataclasses import replace

import pytest

from hypnos.curation.cost import estimate
from hypnos.curation.pipeline.step import Plan
from hypnos.llm.chat import Price
from hypnos.llm.journal.journal import Journal
from hypnos.llm.requests import Request


def requests(count):
    return [Request(id=str(i), messages=({"role": "user", "content": f"问题{i}"},)) for i in range(count)]


@pytest.fixture
def priced(author):
    model = author("one", lambda prompt, sample: "答")
    model.price = lambda: Price(input=1.0, output=1.0)
    return model


def test_some_requests_stand_for_all(tmp_path, priced):
    journal = Journal(path=tmp_path / "journal.sqlite")
    some = estimate(Plan(step="generate", model=priced, requests=requests(4), tokens_out=10), journal)
    every = estimate(Plan(step="generate", model=priced, requests=requests(4), tokens_out=10, total=10), journal)
    assert (some.step, some.figures.requests, some.figures.tokens_out) == ("generate", 4, 40)
    assert (every.figures.requests, every.figures.tokens_out) == (10, 100)
    assert every.figures.tokens_in == round(some.figures.tokens_in * 2.5) > 0
    assert every.figures.usd == pytest.approx(some.figures.usd * 2.5)
    assert every.figures.most_usd == pytest.approx(some.figures.most_usd * 2.5)


def test_nothing_to_ask_costs_nothing(tmp_path, priced):
    journal = Journal(path=tmp_path / "journal.sqlite")
    expense = estimate(Plan(step="documents", model=priced, requests=[], tokens_out=10, total=5), journal)
    assert (expense.figures.requests, expense.figures.usd) == (0, 0.0)


@pytest.mark.parametrize("held", [1, 4])
def test_replies_of_the_sample_that_are_held_make_nothing_else_cheaper(tmp_path, client, priced, held):
    list(client.ask(priced, requests(held), parse=str))
    plan = Plan(step="generate", model=priced, requests=requests(4), tokens_out=10)
    new = estimate(plan, Journal(path=tmp_path / "empty.sqlite"))
    figures = estimate(replace(plan, total=10), client.journal).figures
    assert (figures.requests, figures.held, figures.tokens_out) == (10, held, (10 - held) * 10)
    assert figures.usd == pytest.approx(new.figures.usd * (10 - held) / 4) and figures.usd > 0


def test_what_is_all_held_is_free(client, priced):
    list(client.ask(priced, requests(4), parse=str))
    plan = Plan(step="generate", model=priced, requests=requests(4), tokens_out=10, total=4)
    figures = estimate(plan, client.journal).figures
    assert (figures.requests, figures.held, figures.tokens_out, figures.usd) == (4, 4, 0, 0.0)


def test_a_recording_is_free(tmp_path, priced):
    priced.journaled = False
    plan = Plan(step="generate", model=priced, requests=requests(4), tokens_out=10, total=10)
    figures = estimate(plan, Journal(path=tmp_path / "journal.sqlite")).figures
    assert (figures.requests, figures.held, figures.tokens_out, figures.usd) == (10, 10, 0, 0.0)
