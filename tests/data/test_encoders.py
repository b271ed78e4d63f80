"""Processes that encode: the same bytes however many there are, and one line when one is killed."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

import hypnos.data.encoders
from hypnos.corpus.sources import Source
from hypnos.errors import UserError
from hypnos.workers.processes import Processes
from hypnos.workers.ray_workers import RayWorkers
from hypnos.workers.workers import Workers

ROOT = Path(__file__).parents[2]


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def mixed_rows(pairs, count: int) -> list[dict]:
    """Pairs with running text, histories, what is too long and what cannot be read among them."""
    rows = pairs(count)
    for number in range(0, count, 7):
        rows[number] = {"text": f"text {number} " * (number % 40 + 1), "group": f"t{number}"}
    for number in range(3, count, 11):
        history = [[f"earlier {number}", "answer " * 9]] * (number % 4)
        rows[number] = {"instruction": f"q{number}", "output": "word " * (number % 70 + 1), "history": history}
    for number in range(5, count, 101):
        rows[number] = {"question": "q " * 100, "answer": "a"}
    for number in range(6, count, 103):
        rows[number] = {"x": number}
    return rows


@pytest.mark.slow
def test_the_same_bytes_whatever_the_number_of_processes(make_data, write_lines, pairs, monkeypatch):
    monkeypatch.setattr(hypnos.data.encoders, "FEW", 1)
    rows = mixed_rows(pairs, 4_321)
    paths = [write_lines("a.jsonl", rows), write_lines("b.jsonl", rows[::-1])]
    sources = [Source(path, holdout=0.2, max_rejected=0.1) for path in paths]
    made = []
    for encoders in (1, 3):
        data = make_data(*sources, encoders=encoders, max_heldout=1500)
        data.prepare_data()
        made.append(files_of(data.directory))
        shutil.rmtree(data.directory)
    assert made[0].keys() == {"s0.arrow", "s1.arrow", "heldout.arrow", "heldout.json", "report.json", "preview.txt"} | {
        "checksums.json"
    }
    assert made[1] == made[0]


@pytest.mark.slow
def test_the_same_bytes_by_ray(make_data, write_lines, pairs, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setattr(hypnos.data.encoders, "FEW", 1)
    source = Source(write_lines("a.jsonl", mixed_rows(pairs, 4_321)), holdout=0.2, max_rejected=0.1)
    here = make_data(source, encoders=1)
    here.prepare_data()
    made = files_of(here.directory)
    shutil.rmtree(here.directory)
    there = make_data(source, engine=RayWorkers(count=2))
    there.prepare_data()
    assert there.directory == here.directory
    assert files_of(there.directory) == made


def test_who_works_on_no_records_is_refused(make_data, write_lines, pairs):
    with pytest.raises(UserError, match=r"^engine: does no work on records; know engine=ray$"):
        make_data(Source(write_lines("a.jsonl", pairs(3))), engine=object()).prepare_data()


def test_nobody_is_started_where_a_few_batches_are_all(make_data, write_lines, pairs):
    class Never(Workers):
        def spread(self, work, blocks):
            raise AssertionError

    data = make_data(Source(write_lines("a.jsonl", pairs(3_000))), engine=Never())
    data.prepare_data()
    assert len(data._open("s0")) == 3_000


@pytest.mark.slow
def test_a_process_that_is_killed_is_one_line_and_the_next_start_makes_the_set(
    make_data, write_lines, pairs, tmp_path, monkeypatch
):
    monkeypatch.setattr(hypnos.data.encoders, "FEW", 1)
    data = make_data(Source(write_lines("a.jsonl", pairs(6_000))), encoders=2)
    with monkeypatch.context() as patch:
        submit = Processes._submit

        def submit_and_kill(self, file, batch):
            future = submit(self, file, batch)
            for child in psutil.Process().children():
                with contextlib.suppress(psutil.Error):  # one that was killed before is still there for a moment
                    if "spawn_main" in " ".join(child.cmdline()):
                        child.kill()
            return future

        patch.setattr(Processes, "_submit", submit_and_kill)
        with pytest.raises(UserError, match=r"^data: a process that encodes was ended from outside.*data\.encoders=1"):
            data.prepare_data()
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]
    data.prepare_data()
    assert len(data._open("s0")) == 6_000


SCRIPT = """
import os, signal, sys
from pathlib import Path
import hypnos.data.encoders
from transformers import PreTrainedTokenizerFast
from hypnos.corpus.sources import Source
from hypnos.data.datamodule import InstructionData
from hypnos.errors import one_line

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
file, cache, tokenizer = sys.argv[1:]  # without a guard: who encodes does not run the script again
hypnos.data.encoders.FEW = 1
data = InstructionData(
    sources={"s": Source(file)}, cache=cache, max_length=64, row_length=64, rows_per_step=1, encoders=2
)
with one_line(reraise=False):
    data.with_tokenizer(Path(tokenizer)).prepare_data()
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_who_stops_the_command_stops_its_processes(write_lines, pairs, tmp_path, tokenizer_folders, how):
    script = tmp_path / "make.py"
    script.write_text(textwrap.dedent(SCRIPT))
    arguments = [write_lines("a.jsonl", pairs(40_000)), str(tmp_path / "cache"), str(tokenizer_folders["plain"])]
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started = psutil.Process(process.pid)
    children: list[psutil.Process] = []
    while len(children) < 2:
        assert process.poll() is None
        children = [child for child in started.children() if "spawn_main" in " ".join(child.cmdline())]
        time.sleep(0.05)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does: to all of them
    else:
        process.send_signal(how)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    if how == signal.SIGINT:
        assert errors == "error: stopped; the same command goes on, and what was made is kept\n"
        assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert len(gone) == 2
    assert not alive
