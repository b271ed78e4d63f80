"""Promises about tokenised data: memory that does not grow with them, and a second start that finds them."""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

import orjson

from bench.promise import ROOT, Promise
from hypnos.corpus.sources import Source
from hypnos.data.datamodule import InstructionData
from hypnos.vocabulary.base_vocabulary import OwnVocabulary

MANY, MILLION = 200_000, 1_000_000


def pairs_by_the_hundred_thousand() -> list[Promise]:
    """Encode and pack many pairs and a million on all cores, each in a process of its own; start again on these."""
    figures = {}
    with tempfile.TemporaryDirectory() as made:
        for count in (MANY, MILLION):
            file = write_pairs(Path(made) / f"{count}" / "pairs.jsonl", count)
            figures[count] = _in_a_process(file)
        again = _in_a_process(file)
    many, million = figures[MANY], figures[MILLION]
    peaks = f"{many['peak'] / 2**20:.0f} and {million['peak'] / 2**20:.0f} MiB, {million['processes']:.0f} processes"
    time_taken = f"{million['cpu']:.0f} CPU-seconds in {million['seconds']:.0f} s"
    return [
        Promise(
            f"encode and pack {MILLION:,} pairs: peak memory over that of {MANY:,} ({peaks}; {time_taken})",
            million["peak"] / many["peak"],
            1.2,
        ),
        Promise(
            f"second start on {MILLION:,} pairs: CPU-seconds to the first row ({again['seconds']:.1f} s by the clock)",
            again["cpu"],
            3.0,
        ),
    ]


def write_pairs(file: Path, count: int) -> Path:
    """The sample's pairs over and over, numbered so that each is another record."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [orjson.loads(line) for line in (ROOT / "hypnos/sample/general.jsonl").read_bytes().splitlines()]
    with file.open("wb") as stream:
        for i in range(count):
            row = rows[i % len(rows)]
            row = row | {"id": f"{i}", "group": f"{i}", "instruction": f"{row['instruction']}（{i}）"}
            stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return file


def read_pairs(file: Path, folder: Path) -> InstructionData:
    """Data of a file in rows of 1,024 tokens of the sample's base; tokenised data stay in the folder."""
    tokenizer = folder / "tokenizer"
    if not tokenizer.is_dir():
        tokenizer.mkdir()
        template = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}\n{% if m['role'] == 'assistant' %}"
        template += "{{ eos_token }}{% endif %}{% endfor %}"
        OwnVocabulary(template=template).write_tokenizer(str(ROOT / "hypnos/sample/base"), tokenizer)
    data = InstructionData(
        sources={"pairs": Source(str(file))},
        cache=str(folder / "cache"),
        max_length=1024,
        row_length=1024,
        rows_per_step=1,
    )
    return data.with_tokenizer(tokenizer)


def _in_a_process(file: Path) -> dict[str, float]:
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, "-m", "bench.data", str(file)]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Time until the first row is there, and the most bytes that all processes held meanwhile, but for mapped files."""
    file = Path(sys.argv[1])
    read_pairs(file, file.parent)  # the tokenizer is there, and imports are paid for
    held: list[tuple[int, int]] = []
    done = Event()
    watch = Thread(target=_watch, args=(held, done))
    watch.start()
    start, cpu = time.perf_counter(), _cpu_seconds()
    data = read_pairs(file, file.parent)
    data.prepare_data()
    next(iter(data.train_dataloader()))
    seconds, cpu = time.perf_counter() - start, _cpu_seconds() - cpu
    done.set()
    watch.join()
    peak, processes = max(held)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "processes": processes}))


def _cpu_seconds() -> float:
    """Of this process and of those it started that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _watch(held: list[tuple[int, int]], done: Event) -> None:
    """Note what this process and its children hold together, and how many they are."""
    while not done.wait(0.02):
        sizes = [_held_by(process) for process in ("self", *_children())]
        held.append((sum(sizes), sum(map(bool, sizes))))


def _children() -> list[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [number for task in tasks for number in task.read_text("utf-8").split()]


def _held_by(process: str) -> int:
    try:
        line = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text("utf-8"))
    except OSError:
        return 0  # it has just ended
    return int(line[1]) * 1024 if line else 0


if __name__ == "__main__":
    main()
