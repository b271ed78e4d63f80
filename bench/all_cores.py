"""Records on all cores, by Ray, and by the million: time beside one process, the same bytes, memory.

python -m bench.all_cores cores 400000      two processes beside one, alone on the machine: some ten minutes
python -m bench.all_cores ray 200000        two workers of Ray beside one process: bytes; one is killed meanwhile
python -m bench.all_cores memory 5000000    clean, deduplicate, select of so many, beside a tenth of them: hours
"""

import hashlib
import json
import logging
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psutil

from bench.curation import read_lines, steps
from bench.curation_speed import edited, put_together
from bench.promise import ROOT, SHARED, Promise
from hypnos.corpus.selection import Selection
from hypnos.curation.generate.read_source import Read
from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.curation.pipeline.step import Step
from hypnos.curation.score.select import Select
from hypnos.workers.processes import Processes
from hypnos.workers.ray_workers import RayWorkers
from hypnos.workers.workers import Workers

PAIRS = 400_000
COPIES = 0.05
"""Share of the pairs that are near copies of others."""

SHORT = ("read", "clean", "deduplicate", "select")
"""Steps of the run over millions of records."""


def cores(count: int = PAIRS) -> list[Promise]:
    """Two processes beside one, from a file to what is selected."""
    what = f"{count:,} pairs, all steps that ask nobody"
    if not SHARED.is_dir():
        return [Promise(f"{what}: time of two processes over that of one", None, 1 / 1.8)]
    with tempfile.TemporaryDirectory() as folder:
        source = write_pairs(Path(folder), count)
        one, two = (_measured(source, engine="processes", workers=workers) for workers in (1, 2))
    _show(one, two)
    return [
        Promise(f"{what}: time of two processes over that of one", two["seconds"] / one["seconds"], 1 / 1.8),
        Promise(f"{what}: of {len(one['files'])} files, those that differ", _differing(one, two), 0),
    ]


def ray(count: int = 200_000) -> list[Promise]:
    """Two workers of Ray beside one process, and once more while a worker is killed every few seconds."""
    what = f"{count:,} pairs by two workers of Ray"
    if not SHARED.is_dir():
        return [Promise(f"{what}: files that differ from one process", None, 0)]
    with tempfile.TemporaryDirectory() as folder:
        source = write_pairs(Path(folder), count)
        one = _measured(source, engine="processes", workers=1)
        two = _measured(source, engine="ray", workers=2)
        killed = _measured(source, engine="ray", workers=2, kills=True)
    _show(one, two, killed)
    return [
        Promise(f"{what}: of {len(one['files'])} files, those that differ from one process", _differing(one, two), 0),
        Promise(f"{what}, {killed['kills']} workers killed: files that differ", _differing(one, killed), 0),
        Promise(f"{what}: kills less than one", max(0, 1 - killed["kills"]), 0),
    ]


def memory(count: int = 5_000_000) -> list[Promise]:
    """Peak memory of the main process and of its workers, beside a tenth of the records."""
    what = f"{count:,} pairs: peak memory of all processes over that of a tenth"
    if not SHARED.is_dir():
        return [Promise(what, None, 1.1)]
    peaks = []
    for size in (count // 10, count):
        with tempfile.TemporaryDirectory() as folder:
            measured = _measured(write_pairs(Path(folder), size), engine="processes", workers=2, names=SHORT)
        _show(measured)
        peaks.append(measured["megabytes"] + measured["megabytes of workers"])
    return [Promise(what, peaks[1] / peaks[0], 1.1)]


def write_pairs(folder: Path, count: int) -> Path:
    """Real pairs, pairs put together from sentences of real ones, and near copies among them."""
    rng = random.Random(0)
    file = folder / "pairs.jsonl"
    real = read_lines("qa/general_medical_qa.jsonl") + read_lines("qa/general_medical_long_qa.jsonl")
    last: list[dict[str, Any]] = []
    with file.open("wb") as stream:
        for number, row in enumerate(_pairs(real, count, rng)):
            if last and rng.random() < COPIES:
                row = edited(rng.choice(last), f"copy-{number}", rng)
            stream.write(orjson.dumps(row | {"id": str(number)}, option=orjson.OPT_APPEND_NEWLINE))
            last = [*last[-999:], row] if number % 100 == 0 else last
    return file


def _pairs(real: list[dict[str, Any]], count: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    yield from real[:count]
    yield from put_together(real, max(count - len(real), 0), rng)


def run(source: Path, folder: Path, *, engine: str, workers: int, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run the steps in this process; seconds, memory, and the bytes of what came out."""
    everything: list[Step] = [Read(str(source)), *steps(), Select(Selection())]
    chosen = [step for step in everything if not names or step.name in names]
    seconds: dict[str, float] = {}
    own_seconds: dict[str, float] = {}
    files: dict[str, str] = {}
    team: Workers = RayWorkers(count=workers) if engine == "ray" else Processes(workers)
    with team:
        steps_left = run_steps(chosen, artefacts=folder, workers=team)
        start, own_start = time.perf_counter(), time.process_time()
        while made := next(steps_left, None):
            seconds[made.name], own_seconds[made.name] = time.perf_counter() - start, time.process_time() - own_start
            for file in sorted(made.directory.iterdir()):
                with file.open("rb") as stream:
                    files[f"{made.name}/{file.name}"] = hashlib.file_digest(stream, "sha256").hexdigest()
            start, own_start = time.perf_counter(), time.process_time()
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": sum(seconds.values()),
        "by step": {name: round(value, 1) for name, value in seconds.items()},
        "CPU seconds of the main process by step": {name: round(value, 1) for name, value in own_seconds.items()},
        "CPU seconds": round(own.ru_utime + own.ru_stime, 1),
        "CPU seconds of workers": round(others.ru_utime + others.ru_stime, 1),
        "megabytes": own.ru_maxrss / 1024,
        "megabytes of workers": others.ru_maxrss / 1024 * (workers if workers > 1 else 0),
        "files": files,
    }


def _measured(source: Path, *, kills: bool = False, **settings: Any) -> dict[str, Any]:
    """The same in a process of its own, whose Ray workers are killed now and then if so asked."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        code = "import json, sys; from pathlib import Path; from bench.all_cores import run; "
        code += f"print(json.dumps(run(Path({str(source)!r}), Path({folder!r}), **{settings!r})))"
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        ended = threading.Event()
        killed: list[int] = []
        killer = threading.Thread(target=_kill_workers, args=(process.pid, ended, killed))
        if kills:
            killer.start()
        out, _ = process.communicate()
        ended.set()
        if process.returncode:
            raise RuntimeError(f"ended with {process.returncode}")
    return {**settings, "kills": len(killed), **json.loads(out.splitlines()[-1])}


def _kill_workers(command: int, ended: threading.Event, killed: list[int]) -> None:
    """Kill one that is at work, every ten seconds: Ray names a process by the task that it does."""
    while not ended.wait(10):
        for child in psutil.Process(command).children(recursive=True):
            try:
                if "ray::_do" in " ".join(child.cmdline()):
                    child.send_signal(signal.SIGKILL)
                    killed.append(child.pid)
                    break
            except psutil.Error:
                continue


def _differing(one: dict[str, Any], other: dict[str, Any]) -> int:
    return sum(one["files"].get(name) != other["files"].get(name) for name in one["files"] | other["files"])


def _show(*several: dict[str, Any]) -> None:
    for measured in several:
        print({name: value for name, value in measured.items() if name != "files"}, flush=True)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    what, *count = sys.argv[1:]
    for promise in {"cores": cores, "ray": ray, "memory": memory}[what](*map(int, count)):
        print(f"{promise.verdict:8} {promise.figure or 0:>10.4g}  at most {promise.bound:<8.4g} {promise.what}")
