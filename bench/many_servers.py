"""Promises about one model at several addresses: one server is killed, one hangs, one breaks; nothing is lost."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.promise import ROOT, Promise
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.requests import Request

COUNT = 5000
KILLED_AFTER = 1000
FAULTS: list[dict[str, Any]] = [{}, {"hang": 1.0, "hang_seconds": 3600.0}, {"status_share": 0.15}]
"""Of the server that is killed, of the one that never answers, and of the one whose 15 % are errors 500."""


def three_servers() -> list[Promise]:
    """5,000 records by three servers; what was paid is counted by the servers, each reply once it is delivered."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, paid = Path(name), Path(name) / "paid"
        paid.touch()
        options = [{"latency": 0.05, "paid": str(paid), **fault} for fault in FAULTS]
        running = [stack.enter_context(_server(option)) for option in options]
        model = LitellmChat(
            name="own",
            model="hosted_vllm/m",
            address=[f"http://127.0.0.1:{port}/v1" for _, port in running],
            parameters={"max_tokens": 100},
            timeout=20.0,
            in_flight=32,
        )
        requests = [Request(id=f"r{i}", messages=({"role": "user", "content": f"第{i}条"},)) for i in range(COUNT)]
        answered = []
        with Client(journal=Journal(path=folder / "journal.sqlite")) as client:
            for answer in client.ask(model, requests, parse=read_object):
                answered.append(answer.request.id if answer.value is not None else None)
                if len(answered) == KILLED_AFTER:
                    running[0][0].kill()
            failures = client.journal.failures()
        counted = Counter(paid.read_text("utf-8").splitlines())
    what = f"llm: {COUNT:,} records by three servers ({', '.join(f'{n} {why}' for why, n in failures.items())})"
    lost = COUNT - sum(one == request.id for one, request in zip(answered, requests, strict=False))
    twice = sum(counted.values()) - len(counted)
    return [
        Promise(f"{what}: without an answer, or out of order", lost, 0),
        Promise("llm: the same: prompts that servers delivered a reply to twice", twice, 0),
        Promise("llm: the same: replies that no server counts", COUNT - len(counted), 0),
    ]


@contextmanager
def _server(options: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, str(ROOT / "tests/llm/chat_server.py"), json.dumps(options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
