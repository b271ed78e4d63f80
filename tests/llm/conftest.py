import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hypnos.llm.chat import ChatModel, Price, Reply
from hypnos.llm.client import Client
from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Journal
from hypnos.llm.providers import errors
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.providers.waits import wait_of
from hypnos.llm.requests import Request
from hypnos.llm.sending import gate, sender
from hypnos.llm.sending.pacing import wait_before

SERVER = Path(__file__).with_name("chat_server.py")


class Running:
    """A server in a process of its own."""

    def __init__(self, script: Path = SERVER, **options):
        command = [sys.executable, str(script), json.dumps(options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats") as reply:
            return json.load(reply)

    def prompts(self) -> list[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/prompts") as reply:
            return json.load(reply)

    def batched(self) -> list[dict]:
        """The bodies of all requests that came in batches."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/batched") as reply:
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
    for process in running:
        process.stop()


@pytest.fixture
def make_client(tmp_path) -> Iterator[Callable[..., Client]]:
    """Makes clients on the test's own journal."""
    clients: list[Client] = []

    def make(**arguments) -> Client:
        budget = {name: arguments.pop(name) for name in ("usd", "tokens", "account") if name in arguments}
        clients.append(Client(journal=Journal(path=tmp_path / "journal.sqlite"), budget=Budget(**budget), **arguments))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


class Scripted(ChatModel):
    """Answers with what a function of prompt and sample makes, in this process."""

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
        text = self.say(prompt, sample)
        if isinstance(text, Exception):
            raise text
        return Reply(
            text=text, model="scripted-1", tokens_in=10, tokens_out=2, cost=0.5, seconds=0.1, date="2026-01-01"
        )


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted


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
    monkeypatch.setattr(sender, "wait_before", lambda *args: wait_before(*args) / 100)
    monkeypatch.setattr(gate, "FIRST_PAUSE", gate.FIRST_PAUSE / 100)
    monkeypatch.setattr(gate, "OF_LATE", gate.OF_LATE / 100)
    monkeypatch.setattr(gate, "LONGEST_PAUSE", gate.LONGEST_PAUSE / 100)

    def soon(*args):
        wait = wait_of(*args)
        return None if wait is None else wait / 100

    monkeypatch.setattr(errors, "wait_of", soon)
