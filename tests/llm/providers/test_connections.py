"""Servers of one's own: no redirect is followed, no proxy is used."""

import os

import pytest

from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.connections import spare_proxies


def test_a_proxy_of_the_environment_is_not_used_for_local_addresses(server, make_client, requests, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for kind in ("hosted_vllm", "openai"):
        model = server().model(model=f"{kind}/m")
        (answer,) = make_client(tries=1).ask(model, requests(1, egress="local"), parse=read_object)
        assert answer.value is not None


@pytest.mark.parametrize("kind", ["hosted_vllm", "openai"])
def test_a_redirect_is_not_followed(server, make_client, requests, kind):
    elsewhere = server()
    running = server(redirect=elsewhere.url)
    (answer,) = make_client(tries=2).ask(running.model(model=f"{kind}/m"), requests(1, egress="local"), parse=str)
    assert answer.reason == "failed: 307"
    assert "requests" not in elsewhere.stats()


def test_addresses_are_added_once_to_those_that_no_proxy_is_used_for(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "example.com, localhost")
    monkeypatch.delenv("no_proxy", raising=False)
    for _ in range(2):
        spare_proxies(["localhost", "::1"])
    assert os.environ["NO_PROXY"] == "example.com,localhost,::1"
    assert os.environ["no_proxy"] == "localhost,::1"
