"""Steps block by block: the same bytes by any number of processes, and after a kill at any place."""

import json
import random
from collections import Counter

import orjson
import pytest

from hypnos.corpus.selection import Selection
from hypnos.curation.clean.form import Empty, Length
from hypnos.curation.clean.step import Clean
from hypnos.curation.generate.read_source import Read
from hypnos.curation.pipeline import block_work, blocks
from hypnos.curation.pipeline.block_work import BlockWork
from hypnos.curation.pipeline.blocks import run_blocks
from hypnos.curation.pipeline.run_steps import StepArtefact, run_steps
from hypnos.curation.score.select import Select
from hypnos.curation.similarity.decontaminate import Decontaminate
from hypnos.curation.similarity.deduplicate import Deduplicate
from hypnos.errors import UserError
from hypnos.workers.processes import Processes
from hypnos.workers.workers import HERE

WORDS = [
    "丙泊酚",
    "罗库溴铵",
    "全身麻醉",
    "诱导",
    "血压下降",
    "剂量",
    "静脉注射",
    "气道",
    "评估",
    "困难",
    "插管",
    "喉镜",
    "术后",
    "镇痛",
    "恶心",
    "呕吐",
    "监测",
    "呼气末",
    "二氧化碳",
]


def sentence(rng, count):
    return "".join(rng.choice(WORDS) for _ in range(count)) + "。"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """300 records, a fifth of them copies, and one benchmark's questions among them."""
    rng = random.Random(0)
    rows = [
        {"id": str(n), "instruction": sentence(rng, 5), "input": "", "output": sentence(rng, 12), "topic": "ab"[n % 2]}
        for n in range(240)
    ]
    rows += [row | {"id": f"{row['id']}-copy", "output": row["output"] + "好。"} for row in rng.sample(rows, 60)]
    rows[7]["output"] = ""
    rng.shuffle(rows)
    folder = tmp_path_factory.mktemp("source")
    (folder / "kept.jsonl").write_bytes(b"".join(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in rows))
    asked = [{"id": str(n), "question": row["instruction"]} for n, row in enumerate(rows[::40])]
    (folder / "benchmark.jsonl").write_text("\n".join(map(json.dumps, asked)), "utf-8")
    return StepArtefact("read", "0", folder)


def steps(source):
    benchmark = str(source.directory / "benchmark.jsonl")
    return {
        "clean": Clean(rules={"empty": Empty(), "length": Length(answer=(30, 8000))}),
        "deduplicate": Deduplicate(),
        "against": Deduplicate(against=[benchmark], on="question"),
        "decontaminate": Decontaminate(benchmarks=[benchmark]),
        "select": Select(Selection(scorers="none", makers="people")),
    }


KINDS = ["clean", "deduplicate", "against", "decontaminate", "select"]


def as_rows(step, source):
    """What `run` makes of the rows, in the bytes of the two files."""
    rejected = []
    kept = list(step.run(source.kept, lambda row, why: rejected.append(row | {"step": step.name, "reason": why})))
    return [b"".join(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in rows) for rows in (kept, rejected)]


def written(folder):
    return [(folder / name).read_bytes() for name in ("kept.jsonl", "rejected.jsonl")]


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_any_size_make_what_rows_make(kind, source, tmp_path, monkeypatch):
    step = steps(source)[kind]
    path = source.directory / "kept.jsonl"
    for size in (100, 5_000, 1 << 20):
        monkeypatch.setattr(block_work, "BLOCK", size)
        folder = tmp_path / str(size)
        folder.mkdir()
        made = run_blocks(step.name, step.block_work(path), path, folder)
        assert written(folder) == as_rows(step, source)
        assert made.read == path.stat().st_size
        assert sorted(p.name for p in folder.iterdir()) == ["kept.jsonl", "rejected.jsonl"]
        kept = [json.loads(line) for line in written(folder)[0].splitlines()]
        assert made.counts.topics == Counter(row["topic"] for row in kept)


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_step_goes_on_and_ends_with_the_same_bytes(kind, source, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(block_work, "BLOCK", 4_000)
    monkeypatch.setattr(blocks, "SAVED", 0.0)
    path, step = source.directory / "kept.jsonl", steps(source)[kind]
    if kind in ("deduplicate", "against"):
        monkeypatch.setattr("hypnos.curation.similarity.deduplicate.ROWS", 32)
        monkeypatch.setattr("hypnos.corpus.likeness.ngrams.ROWS", 32)
    whole = tmp_path / "whole"
    whole.mkdir()
    unbroken = run_blocks(step.name, step.block_work(path), path, whole)
    folder = tmp_path / "broken"
    folder.mkdir()
    for kill in (3, 4, 5):
        work = step.block_work(path)
        plain = type(work).work
        calls = iter(range(100))

        def until_killed(self, block, kill=kill, calls=calls, plain=plain):
            if next(calls) == kill:
                # Cut off within a write, as by SIGKILL: more stands in the files than was noted.
                (folder / "kept.jsonl").open("ab").write(b'{"half": ')
                raise Killed
            return plain(self, block)

        with monkeypatch.context() as patch:
            patch.setattr(type(work), "work", until_killed)
            patch.setattr(blocks._Written, "__exit__", lambda self, *_: None)
            with pytest.raises(Killed):
                run_blocks(step.name, work, path, folder)
    caplog.set_level("INFO")
    made = run_blocks(step.name, step.block_work(path), path, folder)
    assert "goes on where it was stopped" in caplog.text
    assert written(folder) == written(whole) == as_rows(steps(source)[kind], source)
    assert (made.counts.plain(), made.notes) == (unbroken.counts.plain(), unbroken.notes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stops_at", ["add", "write", "joined"])
def test_a_step_stopped_within_a_result_goes_on_and_ends_with_the_same_bytes(
    kind, stops_at, source, tmp_path, monkeypatch
):
    monkeypatch.setattr(block_work, "BLOCK", 4_000)
    monkeypatch.setattr("hypnos.curation.similarity.deduplicate.ROWS", 32)
    monkeypatch.setattr("hypnos.corpus.likeness.ngrams.ROWS", 32)
    path, step = source.directory / "kept.jsonl", steps(source)[kind]
    whole, folder = tmp_path / "whole", tmp_path / "stopped"
    whole.mkdir(), folder.mkdir()
    unbroken = run_blocks(step.name, step.block_work(path), path, whole)
    add = blocks._Written.add
    for place in (2, 3):
        calls = iter(range(100))

        def stopped(self, result, place=place, calls=calls):
            if next(calls) < place:
                add(self, result)
            elif stops_at == "add":  # before anything: what was joined is further than what is written
                raise KeyboardInterrupt
            elif stops_at == "write":
                self._streams["kept.jsonl"].write(result.kept)
                self._sizes["kept.jsonl"] += len(result.kept)
                raise KeyboardInterrupt
            else:
                self.total.counts.add(result.counts)
                self.total.read += result.read
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(blocks._Written, "add", stopped)
            with pytest.raises(KeyboardInterrupt):
                run_blocks(step.name, step.block_work(path), path, folder)
    made = run_blocks(step.name, step.block_work(path), path, folder)
    assert written(folder) == written(whole)
    assert made.counts.plain() == unbroken.counts.plain()


class Dies(BlockWork):
    """Its worker is killed by the system."""

    def work(self, block):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_two_processes_write_the_same_bytes_and_one_that_is_killed_is_one_line(source, tmp_path, monkeypatch):
    monkeypatch.setattr(block_work, "BLOCK", 5_000)
    monkeypatch.setattr(blocks, "WORTH", 0)
    read = Read(str(source.directory / "kept.jsonl"))
    chosen = [read, *(steps(source)[kind] for kind in ("clean", "deduplicate", "decontaminate", "select"))]
    files = []
    with Processes(2) as processes:
        for workers in (HERE, processes):
            made = run_steps(chosen, artefacts=tmp_path / type(workers).__name__, workers=workers)
            files.append(
                [(step.directory / name).read_bytes() for step in made for name in ("kept.jsonl", "counts.json")]
            )
        assert files[0] == files[1]
        path = source.directory / "kept.jsonl"
        with pytest.raises(UserError, match="a worker process was killed"):
            run_blocks("dies", Dies(), path, tmp_path, workers=processes)
        # Whoever goes on has new ones.
        step = steps(source)["clean"]
        (tmp_path / "again").mkdir()
        run_blocks("clean", step.block_work(path), path, tmp_path / "again", workers=processes)
        assert written(tmp_path / "again") == as_rows(step, source)
