"""Promises about tokenised data: memory that does not grow with them, and a second start that finds them."""

import json
import os
import re
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

FEW, MANY = 20_000, 200_000


def pairs_by_the_hundred_thousand() -> list[Promise]:
    """Encode and pack few and many pairs, each in a process of its own, then start again on the many."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        few = _in_a_process(write_pairs(folder / "few.jsonl", FEW))
        many = _in_a_process(write_pairs(folder / "many.jsonl", MANY))
        again = _in_a_process(folder / "many.jsonl")
    figures = f"{few['peak'] / 2**20:.0f} and {many['peak'] / 2**20:.0f} MiB"
    rate = f"{MANY / many['seconds']:,.0f} pairs/s"
    return [
        Promise(
            f"encode and pack {MANY:,} pairs: peak memory over that of {FEW:,} ({figures}; {rate})",
            many["peak"] / few["peak"],
            1.2,
        ),
        Promise(f"second start on {MANY:,} pairs: seconds until the first row", again["seconds"], 3.0),
    ]


def write_pairs(file: Path, count: int) -> Path:
    """The sample's pairs over and over, numbered so that each is another record."""
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
    """Seconds until the first row is there, and the most bytes that were held meanwhile, but for mapped files."""
    file = Path(sys.argv[1])
    read_pairs(file, file.parent)  # the tokenizer is there, and imports are paid for
    held, done = [0], Event()
    watch = Thread(target=_watch, args=(held, done))
    watch.start()
    start = time.perf_counter()
    data = read_pairs(file, file.parent)
    data.prepare_data()
    next(iter(data.train_dataloader()))
    seconds = time.perf_counter() - start
    done.set()
    watch.join()
    print(json.dumps({"seconds": seconds, "peak": max(held)}))


def _watch(held: list[int], done: Event) -> None:
    while not done.wait(0.02):
        line = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
        assert line is not None
        held.append(int(line[1]) * 1024)


if __name__ == "__main__":
    main()
