import json

import pytest


def test_a_dry_run_sends_nothing_and_counts_what_is_held(make_client, requests, scripted):
    model = scripted(lambda prompt, _: prompt, price=(0.001, 0.002))
    client = make_client()
    list(client.ask(model, requests(4), parse=str))
    sent = len(model.sent)
    dry_run = client.estimate(model, requests(10), tokens_out=100)
    assert (dry_run.requests, dry_run.held, dry_run.tokens_out) == (10, 4, 600)
    assert dry_run.usd == pytest.approx(dry_run.tokens_in * 0.001 + 600 * 0.002)
    assert dry_run.most_usd > dry_run.usd
    assert len(model.sent) == sent
    assert json.loads(json.dumps(str(dry_run))).startswith("scripted: 10 requests, 4 of them answered before")


def test_hours_follow_the_slowest_limit_and_the_replies_of_before(make_client, requests, scripted):
    model = scripted(lambda prompt, _: prompt)
    client = make_client()
    assert client.estimate(model, requests(10), tokens_out=100).hours is None  # in this process: nothing tells
    model.address, model.in_flight = "https://example.com", 2
    assert client.estimate(model, requests(10), tokens_out=100).hours == pytest.approx(10 * (1 + 100 / 40) / 2 / 3600)
    model.requests_per_minute = 5.0
    assert client.estimate(model, requests(10), tokens_out=100).hours == pytest.approx(10 / 5 / 60)
    model.tokens_per_minute = 100.0
    dry_run = client.estimate(model, requests(10), tokens_out=100)
    assert dry_run.hours == pytest.approx((dry_run.tokens_in + 1000) / 100 / 60)
    model.requests_per_minute = model.tokens_per_minute = None
    list(client.ask(model, requests(4), parse=str))
    mean = client.journal.connect().execute("SELECT AVG(seconds) FROM replies").fetchone()[0]
    assert client.estimate(model, requests(10), tokens_out=100).hours == pytest.approx(6 * mean / 2 / 3600)
    assert client.estimate(model, requests(4), tokens_out=100).hours == 0.0


def test_what_is_expected_is_never_above_what_is_possible(make_client, requests, scripted):
    model = scripted(lambda prompt, _: prompt, price=(0.001, 0.002))
    dry_run = make_client().estimate(model, requests(10), tokens_out=10 * model.max_tokens)
    assert dry_run.tokens_out == 10 * model.max_tokens
    assert dry_run.usd <= dry_run.most_usd
