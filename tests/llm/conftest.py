import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hypnos.llm.client import Client
from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Journal
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.requests import Request

SERVER = Path(__file__).with_name("chat_server.py")


class Running:
    """A server in a process of its own."""

    def __init__(self, **options):
        command = [sys.executable, str(SERVER), json.dumps(options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats") as reply:
            return json.load(reply)

    def change(self, **options) -> None:
        body = json.dumps(options).encode()
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.port}/change", body)).close()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def model(self, **changes) -> LitellmChat:
        fixed = {"name": "own", "model": "hosted_vllm/m", "address": self.url, "timeout": 5.0}
        return LitellmChat(**{**fixed, "parameters": {"temperature": 0, "max_tokens": 100}, **changes})


@pytest.fixture
def server() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def start(**options) -> Running:
        running.append(Running(**options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def client(tmp_path) -> Iterator[Callable[..., Client]]:
    """A client on the test's own journal."""
    made: list[Client] = []

    def make(**arguments) -> Client:
        budget = {name: arguments.pop(name) for name in ("usd", "tokens", "account") if name in arguments}
        made.append(Client(journal=Journal(path=tmp_path / "journal.sqlite"), budget=Budget(**budget), **arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def requests() -> Callable[..., list[Request]]:
    def make(count: int, text: str = "第{}条", **fields) -> list[Request]:
        return [
            Request(id=f"r{i}", messages=({"role": "user", "content": text.format(i)},), **fields) for i in range(count)
        ]

    return make


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Waits before the next try are cut to a hundredth; what they would have been is tested by itself."""
    import hypnos.llm.sending.sender
    from hypnos.llm.sending.pacing import wait_before

    monkeypatch.setattr(hypnos.llm.sending.sender, "wait_before", lambda *args: wait_before(*args) / 100)
