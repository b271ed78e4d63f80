"""Servers of one's own: no redirect is followed, no proxy is used."""

import os

import pytest

from hypnos.errors import UserError
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
    with pytest.raises(UserError, match="with status 307"):
        list(make_client(tries=2).ask(running.model(model=f"{kind}/m"), requests(1, egress="local"), parse=str))
    assert "requests" not in elsewhere.stats()


PROVIDERS = [
    *(
        "openai",
        "hosted_vllm",
        "dashscope",
        "moonshot",
        "volcengine",
        "zai",
        "lm_studio",
        "litellm_proxy",
        "xinference",
    ),
    *("deepseek", "mistral", "minimax", "openrouter", "custom_openai", "llamafile", "xai", "nvidia_nim"),
]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_local_address_is_reached_whatever_the_provider(server, make_client, requests, provider):
    running, client = server(), make_client()
    (answer,) = client.ask(running.model(model=f"{provider}/m"), requests(1, egress="local"), parse=read_object)
    assert answer.value is not None
    assert running.stats()["requests"] == 1
    assert client.journal.failures() == {}


def test_a_model_that_litellm_knows_by_its_bare_name_is_asked_at_a_local_address(server, make_client, requests):
    (answer,) = make_client().ask(server().model(model="gpt-3.5-turbo"), requests(1, egress="local"), parse=read_object)
    assert answer.value is not None


def test_a_bare_name_that_litellm_does_not_know_is_told_before_anything_is_sent(server, make_client, requests):
    running = server()
    with pytest.raises(UserError, match=r"litellm knows no model m: .* openai/<the model's name there>"):
        list(make_client().ask(running.model(model="m"), requests(1), parse=str))
    assert "requests" not in running.stats()


def test_addresses_are_added_once_to_those_that_no_proxy_is_used_for(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "example.com, localhost")
    monkeypatch.delenv("no_proxy", raising=False)
    for _ in range(2):
        spare_proxies(["localhost", "::1"])
    assert os.environ["NO_PROXY"] == "example.com,localhost,::1"
    assert os.environ["no_proxy"] == "localhost,::1"
