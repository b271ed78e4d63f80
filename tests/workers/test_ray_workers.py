"""Ray's workers: the same bytes as in this process, though some are killed; one line where Ray is not installed."""

import contextlib
import os
import random
import signal
import threading

import orjson
import psutil
import pytest

from hypnos.curation.clean.form import Empty, Length
from hypnos.curation.clean.step import Clean
from hypnos.curation.generate.read_source import Read
from hypnos.curation.pipeline import block_work, blocks
from hypnos.curation.pipeline.block_work import BlockWork
from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.curation.similarity.deduplicate import Deduplicate
from hypnos.errors import UserError
from hypnos.workers import ray_workers
from hypnos.workers.ray_workers import RayWorkers
from hypnos.workers.workers import HERE


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(ray_workers, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^engine=ray: Ray is not installed: pip install -e '\.\[ray\]'$"):
        RayWorkers(count=2)


@pytest.fixture
def workers():
    pytest.importorskip("ray")
    with RayWorkers(count=2) as workers:
        yield workers


def chosen(file):
    return [Read(file), Clean(rules={"empty": Empty(), "length": Length(answer=(30, 8000))}), Deduplicate()]


def contents(made):
    return [(step.directory / name).read_bytes() for step in made for name in ("kept.jsonl", "rejected.jsonl")]


@pytest.mark.slow
def test_the_same_bytes_though_workers_are_killed(workers, tmp_path, monkeypatch):
    monkeypatch.setattr(block_work, "BLOCK", 20_000)
    monkeypatch.setattr(blocks, "WORTH", 0)
    rng = random.Random(0)
    rows = [{"question": f"问题{n}", "answer": "".join(rng.choices("甲乙丙丁戊己庚辛", k=60))} for n in range(6000)]
    rows += rng.sample(rows, 300)
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    expected = contents(run_steps(chosen(str(file)), artefacts=tmp_path / "here", workers=HERE))
    ended, killed = threading.Event(), []

    def kill():
        # More of them, and a slow machine would not get past a block.
        while len(killed) < ray_workers.TRIES // 2 and not ended.wait(1):
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    # At work: Ray ends the whole node with an agent of its own, which has such a name too.
                    if "ray::_do" in " ".join(child.cmdline()):
                        child.send_signal(signal.SIGKILL)
                        killed.append(child.pid)
                        break

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        made = contents(run_steps(chosen(str(file)), artefacts=tmp_path / "ray", workers=workers))
    finally:
        ended.set()
        killer.join()
    assert made == expected
    assert killed


class Fails(BlockWork):
    """Meets what the user can mend."""

    def work(self, block):
        raise UserError(f"not JSON: {block[:3].decode()}")


class Dies(BlockWork):
    """Its worker is killed by the system, each time."""

    def work(self, block):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_what_a_worker_meets_is_one_line(workers, monkeypatch):
    monkeypatch.setattr(ray_workers, "TRIES", 1)
    with pytest.raises(UserError, match=r"^not JSON: abc$"):
        list(workers.spread(Fails(), [b"abcdef"]))
    with pytest.raises(
        UserError, match=r"^engine=ray: a block was given up after 1 tries: .*; the same command goes on$"
    ):
        list(workers.spread(Dies(), [b"abcdef"]))
