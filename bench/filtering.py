"""Promises about filter.py: the recorded default, kills over real HTTP, memory."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.promise import ROOT, Promise
from hypnos.curation.generate.novelty import Novelty
from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.curation.pipeline.step import Step
from hypnos.curation.score.cross_score import CrossScore
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal
from hypnos.specialty.folder import read_specialty

SERVER = ROOT / "tests/curation/author_server.py"
IN_FLIGHT = 8
KILLS = 20


def recorded_default() -> list[Promise]:
    """`python filter.py` without key and network: time, and how much is rejected."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        _wait(_start(Path(folder)))
        seconds = time.perf_counter() - start
        funnel = json.loads(next(Path(folder).glob("artefacts/instructions-*/funnel.json")).read_text("utf-8"))[
            "funnel"
        ]
    share = 1 - funnel[-1]["out"] / funnel[0]["out"]
    silent = sum(not entry["rejected"] for entry in funnel if entry["step"] != "fit")  # too few to learn from
    return [
        Promise("filter.py, recorded default: seconds", seconds, 60),
        Promise(f"filter.py, recorded default: share kept of {funnel[0]['out']} records", 1 - share, 0.85),
        Promise("filter.py, recorded default: steps that reject nothing", silent, 0),
    ]


def twenty_kills() -> list[Promise]:
    """All of filter.py killed with SIGKILL at 20 random moments and started again, against an unbroken run."""
    size = ["step.generate.records=600", "step.generate.round_size=100"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _server() as port:
            _wait(_start(folder / "whole", *_authors(port), *size))
            needed = _stats(port)["replies"]
        kills, repeated = _kill(folder / "broken", size, port, needed)
        one, two = (_finals(folder / name) for name in ("whole", "broken"))
    differing = sum(one.get(file) != two.get(file) for file in one.keys() | two.keys())
    return [
        Promise("filter.py: kills less than 20", KILLS - kills, 0),
        Promise(f"filter.py, {kills} kills: of {len(one)} final files, those that differ", differing, 0),
        Promise(f"filter.py, {kills} kills: replies paid twice, a kill", repeated / max(kills, 1), 2 * IN_FLIGHT),
    ]


def _kill(folder: Path, size: list[str], port: int, needed: int) -> tuple[int, int]:
    """Kills, and replies beyond those needed, at the same address: it is part of a reply's key."""
    chance = random.Random(0)
    kills = 0
    with _server(port=port, latency=0.25, too_many=0.05) as server:
        while kills < KILLS:
            process = _start(folder, *_authors(server), *size)
            before, more = _stats(server)["replies"], chance.randint(1, 50)
            while process.poll() is None and _stats(server)["replies"] < before + more:
                time.sleep(0.02)
            if process.poll() is not None:
                break
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
        _wait(_start(folder, *_authors(server), *size))
        return kills, _stats(server)["replies"] - needed


def memory() -> list[Promise]:
    """Cross-scoring 200,000 records against 1,000 times the window, each in a process of its own; and novelty."""
    few, many = (_measure("score", count) for count in (5_000, 200_000))
    seen = _measure("novelty", 100_000)
    return [
        Promise(
            "cross-scoring 200,000 records: peak memory over that of 5,000", many["megabytes"] / few["megabytes"], 1.1
        ),
        Promise("novelty: bytes a question in the pool", seen["bytes"], 400),
        Promise("novelty: milliseconds a question at 100,000 in the pool", seen["milliseconds"], 10),
    ]


class Instant(ChatModel):
    """Answers at once and the same."""

    journaled = False
    in_flight = 64

    def __init__(self, name: str) -> None:
        self.name = self.model = name

    async def complete(self, messages: Sequence[Mapping[str, str]], *, schema: Any, sample: int) -> Reply:
        code = messages[-1]["content"].rpartition('"code": "')[2].partition('"')[0]
        keys = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
        text = json.dumps({"code": code, "faults": [], **dict.fromkeys(keys, 8), "comment": "好"})
        return Reply(text=text, model=self.name, tokens_in=1, tokens_out=1, cost=0.0, seconds=0.0, date="")


class Rows(Step):
    """Records that cost nothing to make."""

    name = "read"

    def __init__(self, count: int) -> None:
        self.count = count

    def key(self) -> dict[str, Any]:
        return {"count": self.count}

    def run(self, rows: Any, reject: Any) -> Iterator[dict[str, Any]]:
        for number in range(self.count):
            texts = {"instruction": f"问题{number}" * 5, "input": "", "output": f"回答{number}" * 60}
            yield {"id": str(number), **texts, "author": "ab"[number % 2], "egress": "any"}


def score(count: int) -> dict[str, float]:
    """Peak memory of scoring so many records."""
    specialty = read_specialty(ROOT / "specialty" / "anesthesia")
    authors: dict[str, ChatModel] = {"first": Instant("a"), "second": Instant("b")}
    with tempfile.TemporaryDirectory() as folder, Client(journal=Journal(path=Path(folder) / "j.sqlite")) as client:
        step = CrossScore(specialty=specialty, authors=authors, client=client, probes=False)
        *_, made = run_steps([Rows(count), step], artefacts=Path(folder))
        assert made.counts()["out"] == count
    return {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def novelty(count: int) -> dict[str, float]:
    """Memory and time of a pool of so many questions, over as many different signs as Chinese text has."""
    chance = random.Random(0)
    signs = [chr(0x4E00 + number) for number in range(2500)]
    weights = [1 / (number + 8) for number in range(len(signs))]
    pool = Novelty(threshold=0.7)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(count):
        pool.add(str(number), "".join(chance.choices(signs, weights, k=chance.randint(12, 45))))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    asked = ["".join(chance.choices(signs, weights, k=30)) for _ in range(200)]
    start = time.process_time()
    for question in asked:
        pool.nearest(question)
    return {"bytes": grown * 1024 / count, "milliseconds": (time.process_time() - start) / len(asked) * 1000}


def _measure(what: str, count: int) -> dict[str, float]:
    code = f"import json; from bench.filtering import {what}; print(json.dumps({what}({count})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _start(folder: Path, *overrides: str) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(ROOT / "filter.py"), *overrides, "hydra.run.dir=output"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet, start_new_session=True)


def _wait(process: subprocess.Popen) -> None:
    if process.wait():
        raise RuntimeError(f"{' '.join(map(str, process.args))}: ended with {process.returncode}")  # type: ignore[arg-type]


def _finals(folder: Path) -> dict[str, bytes]:
    (directory,) = folder.glob("artefacts/instructions-*")
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def _authors(port: int) -> list[str]:
    settings = {"address": f"http://127.0.0.1:{port}/v1", "in_flight": IN_FLIGHT, "timeout": 10}
    return [
        override
        for author in ("first", "second")
        for override in (
            f"llm@authors.{author}=openai_compatible",
            f"authors.{author}.name={author}",
            f"authors.{author}.model=hosted_vllm/{author}",
            *(f"authors.{author}.{name}={value}" for name, value in settings.items()),
        )
    ]


@contextmanager
def _server(**options: Any) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, str(SERVER), json.dumps(options)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def _stats(port: int) -> dict[str, int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as reply:
        return json.load(reply)
