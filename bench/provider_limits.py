"""Promises about a provider's limits: one start, every record, few requests in vain, at the pace that is allowed.

A quarter of an hour, over real HTTP: six kinds of limit, one after another.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.limited_server import AWAY, LATENCY, PACES
from bench.promise import ROOT, Promise

COUNTS = {"retry_after": 300, "without": 300, "bursts": 300, "minute": 300, "tokens": 300, "away": 2000}
IN_FLIGHT = 32


def six_limits() -> list[Promise]:
    """Records missed, requests a reply, and the share of the allowed pace that is lost, for each kind."""
    promises = []
    for kind, count in COUNTS.items():
        command = [sys.executable, str(ROOT / "bench" / "limited_server.py"), kind]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            with tempfile.TemporaryDirectory() as folder:
                answered, seconds = _ask(Path(folder), f"http://127.0.0.1:{port}/v1", count)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as reply:
                seen = json.load(reply)
        finally:
            server.kill()
            server.wait()
        allowed = AWAY[1] - AWAY[0] + count * LATENCY / IN_FLIGHT if kind == "away" else count / PACES[kind]
        lost = max(1 - allowed / seconds, 0.0)
        promises += [
            Promise(f"llm: limit {kind}: of {count} records not answered in one start", count - answered, 0),
            Promise(f"llm: limit {kind}: requests a reply", seen["seen"] / max(seen["replies"], 1), 1.1),
            Promise(f"llm: limit {kind}: share of the allowed pace that is lost ({seconds:.0f} s)", lost, 0.1),
        ]
    return promises


def _ask(folder: Path, address: str, count: int) -> tuple[int, float]:
    """Ask after litellm is loaded, whose import is no part of the pace; gives answers and seconds."""
    from hypnos.llm.client import Client
    from hypnos.llm.journal.journal import Journal
    from hypnos.llm.parsing.replies import read_object
    from hypnos.llm.providers.litellm import LitellmChat
    from hypnos.llm.requests import Request

    model = LitellmChat(name="limited", model="openai/m", address=address, in_flight=IN_FLIGHT)
    requests = [Request(id=f"r{i}", messages=({"role": "user", "content": f"第{i}条"},)) for i in range(count + 1)]
    with Client(journal=Journal(path=folder / "journal.sqlite")) as client:
        list(client.ask(model, requests[count:], parse=read_object))
        started = time.monotonic()
        answers = list(client.ask(model, requests[:count], parse=read_object))
    return sum(answer.value is not None for answer in answers), time.monotonic() - started
