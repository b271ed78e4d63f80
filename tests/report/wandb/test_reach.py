"""W&B that cannot be reached costs a connection, and never a run."""

import logging
import socket

import pytest

from hypnos.report.wandb.reach import reachable_mode


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_who_answers_is_asked(server, monkeypatch, caplog):
    monkeypatch.setenv("WANDB_BASE_URL", server)
    assert reachable_mode("online") == "online"
    assert not caplog.records


def test_nobody_there_means_files_and_a_warning_that_names_the_address(monkeypatch, caplog):
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING):
        assert reachable_mode("online") == "offline"
    assert "http://127.0.0.1:9" in caplog.text and "wandb sync" in caplog.text


def test_behind_a_proxy_it_is_the_proxy_that_counts(server, monkeypatch):
    monkeypatch.setenv("WANDB_BASE_URL", "http://nowhere.invalid")
    monkeypatch.setenv("http_proxy", server)
    assert reachable_mode("online") == "online"
    monkeypatch.setenv("http_proxy", "127.0.0.1:9")
    assert reachable_mode("online") == "offline"


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_what_sends_nothing_asks_nobody(mode, monkeypatch):
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    assert reachable_mode(mode) == mode
