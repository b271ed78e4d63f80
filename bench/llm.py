"""Promises about asking other people's models, against a local server over real HTTP."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.promise import ROOT, Promise

SERVER = ROOT / "tests/llm/chat_server.py"
FAULTS = {
    "latency": 0.2, "too_many": 0.05, "retry_after": 1, "broken": 0.03, "hang": 0.01, "hang_seconds": 60, "cut": 0.01,
    "unreadable": 0.05,
}  # fmt: skip
IN_FLIGHT = 64

MANY = 256
"""In flight where speed is measured: 64 requests of 200 ms cannot pass 320 a second, whoever sends them."""


def five_thousand() -> list[Promise]:
    """5,000 records against a server that fails as servers fail: none is lost, every sending is accounted for."""
    with tempfile.TemporaryDirectory() as folder, _server(**FAULTS) as server:
        done = _ask(folder, server, 5000, timeout=5.0, cold=True)
        seen = _stats(server)
        rows = _rows(folder)
        unexplained = sum((row["value"] is None) == (not row["reason"]) for row in rows)
        sent = done["replies"] + sum(done["failures"].values())
        what = f"llm: 5,000 records, faults {done['failures']}, {seen['unreadable']} unreadable"
        return [
            Promise(f"{what}: records that did not end", 5000 - len(rows), 0),
            Promise("llm: 5,000 records: without a value and a reason, or with both", unexplained, 0),
            Promise("llm: 5,000 records: set aside", sum(row["value"] is None for row in rows), 50),
            Promise(
                "llm: requests the server saw beside replies and counted failures", abs(seen["requests"] - sent), 0
            ),
            Promise("llm: replies beside records and counted retries", abs(done["replies"] - done["attempts"]), 0),
        ]


def twenty_kills() -> list[Promise]:
    """Killed with SIGKILL at 20 random moments and started again, against an unbroken run."""
    faults = {**FAULTS, "hang": 0.0, "unreadable": 0.0, "latency": 0.1}
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as folder, _server(**faults) as server:
        whole, broken = Path(folder) / "whole", Path(folder) / "broken"
        whole.mkdir()
        broken.mkdir()
        _ask(str(whole), server, 3000, cold=True)
        kills = 0
        before = _stats(server)["requests"]
        while kills < 20:
            process = _start(str(broken), server, 3000)
            started = _stats(server)["requests"]
            after = chance.randint(10, 140)
            while process.poll() is None and _stats(server)["requests"] < started + after:
                time.sleep(0.02)
            if process.poll() is not None:
                break
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
        done = _ask(str(broken), server, 3000, cold=True)
        requests = _stats(server)["requests"] - before
        failures = dict(done["failures"])
        lost = failures.pop("killed", 0)
        repeated = requests - 3000 - sum(failures.values())
        differing = (whole / "answers.jsonl").read_bytes() != (broken / "answers.jsonl").read_bytes()
        return [
            Promise(f"llm: {kills} kills: files that differ from the unbroken run's", int(differing), 0),
            Promise(
                f"llm: {kills} kills: requests repeated (bound: {IN_FLIGHT} in flight each)", repeated, 20 * IN_FLIGHT
            ),
            Promise("llm: repeated requests that the ledger did not count as spent", max(repeated - lost, 0), 0),
        ]


def throughput() -> list[Promise]:
    """Requests a second against bare litellm, and with two worker processes; the median of three, in turn."""
    count = 6000  # what starting takes, the import of litellm above all, is then a small part
    with tempfile.TemporaryDirectory() as folder, _server(latency=0.2) as server:
        bare, ours, shared = [], [], []
        for turn in range(3):
            bare.append(_run("bare", server, str(count)))
            ours.append(_ask(_made(folder, f"one{turn}"), server, count, in_flight=MANY))
            shared.append(_ask(_made(folder, f"two{turn}"), server, count, in_flight=MANY, workers=2))
    middle = [sorted(runs, key=lambda run: run["seconds"])[1] for runs in (bare, ours, shared)]
    rates = [count / run["seconds"] for run in middle]
    cpu = [1000 * run["cpu"] / count for run in middle]
    alone = f"{rates[1]:.0f}/s of {rates[0]:.0f}/s; CPU {cpu[1]:.1f} of {cpu[0]:.1f} ms a request; {MANY} in flight"
    both = f"{rates[2]:.0f}/s; {rates[2] / rates[1]:.2f} times one process"
    return [
        Promise(f"llm: share of bare litellm's requests a second that is lost ({alone})", 1 - rates[1] / rates[0], 0.1),
        Promise(
            f"llm: bare litellm's requests a second over those of two workers ({both})", rates[0] / rates[2], 1 / 1.6
        ),
    ]


def flat_memory() -> list[Promise]:
    """Peak memory of 200,000 records over that of 1,000, with a model in the process."""
    peaks = {}
    for count in (1_000, 200_000):
        with tempfile.TemporaryDirectory() as folder:
            done = _run("memory", folder, str(count))
            peaks[count] = done["peak"]
    grown = peaks[200_000] - peaks[1_000]
    what = f"llm: memory grown from 1,000 to 200,000 records, MiB ({200_000 / done['seconds']:,.0f} records/s)"
    return [Promise(what, grown, 50)]


def main() -> None:
    """The processes that the measures start: `python -m bench.llm <role> <arguments>`; prints one line of JSON."""
    role, *arguments = sys.argv[1:]
    started, cpu = time.perf_counter(), time.process_time()
    roles: dict[str, Callable[..., dict[str, Any]]]
    roles = {"bare": _work_bare, "ask": _work_ask, "memory": _work_memory}
    done = roles[role](*arguments)
    print(json.dumps({"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu, **done}))


def _work_bare(url: str, count: str) -> dict[str, Any]:
    """Bare litellm, as its documentation shows it: a semaphore and `acompletion`."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import asyncio
    import logging

    import litellm

    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.WARNING)

    async def run() -> dict[str, Any]:
        slots = asyncio.Semaphore(MANY)

        async def one(i: int) -> None:
            async with slots:
                await litellm.acompletion(
                    model="hosted_vllm/m",
                    messages=[{"role": "user", "content": f"第{i}条"}],
                    api_base=url,
                    api_key="none",
                    timeout=10.0,
                    max_tokens=100,
                )

        await asyncio.gather(*(one(-i) for i in range(1, 65)))
        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one(i) for i in range(int(count))))
        return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}

    return asyncio.run(run())


def _work_ask(folder: str, url: str, count: str, options: str) -> dict[str, Any]:
    from hypnos.llm.client import Client
    from hypnos.llm.journal.journal import Journal
    from hypnos.llm.parsing.replies import read_object
    from hypnos.llm.providers.litellm import LitellmChat
    from hypnos.llm.requests import Request

    chosen = json.loads(options)
    model = LitellmChat(
        name="own",
        model="hosted_vllm/m",
        address=url,
        parameters={"max_tokens": 100},
        timeout=chosen.get("timeout", 10.0),
        in_flight=chosen.get("in_flight", IN_FLIGHT),
    )

    def asked(numbers: range) -> Iterator[Request]:
        return (Request(id=f"r{i}", messages=({"role": "user", "content": f"第{i}条"},)) for i in numbers)

    journal = Journal(path=Path(folder) / "journal.sqlite")
    attempts = 0
    with Client(journal=journal, workers=chosen.get("workers", 0)) as client:
        if not chosen.get("cold"):
            list(client.ask(model, asked(range(-64, 0)), parse=read_object))
        started, cpu = time.perf_counter(), time.process_time()
        with (Path(folder) / "answers.jsonl").open("w", encoding="utf-8") as stream:
            for answer in client.ask(model, asked(range(int(count))), parse=read_object, attempts=4):
                attempts += answer.attempts
                row = {"id": answer.request.id, "value": answer.value, "reason": answer.reason}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        times = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
        return {**times, "replies": journal.count(), "failures": journal.failures(), "attempts": attempts}


def _work_memory(folder: str, count: str) -> dict[str, Any]:
    import resource

    from hypnos.llm.chat import ChatModel, Reply
    from hypnos.llm.client import Client
    from hypnos.llm.journal.journal import Journal
    from hypnos.llm.requests import Request

    class Instant(ChatModel):
        name = model = "instant"
        in_flight = 64

        async def complete(self, messages: Any, *, schema: Any, sample: int) -> Reply:
            return Reply(
                text=messages[0]["content"][:200], model="m", tokens_in=1, tokens_out=1, cost=0.0, seconds=0.0, date=""
            )

    requests = (
        Request(id=f"r{i}", messages=({"role": "user", "content": f"{i}" + "麻醉" * 400},)) for i in range(int(count))
    )
    with Client(journal=Journal(path=Path(folder) / "journal.sqlite")) as client:
        answered = sum(1 for _ in client.ask(Instant(), requests, parse=str))
    assert answered == int(count)
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


@contextmanager
def _server(**options: Any) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, str(SERVER), json.dumps(options)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()


def _stats(url: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/stats") as reply:
        return {"requests": 0, "unreadable": 0, **json.load(reply)}


def _made(folder: str, name: str) -> str:
    place = Path(folder) / name
    place.mkdir()
    return str(place)


def _rows(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(folder) / "answers.jsonl").read_text("utf-8").splitlines()]


def _ask(folder: str, url: str, count: int, **options: Any) -> dict[str, Any]:
    return _run("ask", folder, url, str(count), json.dumps(options))


def _run(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "bench.llm", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _start(folder: str, url: str, count: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.llm", "ask", folder, url, str(count), '{"cold": true}'],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


if __name__ == "__main__":
    main()
