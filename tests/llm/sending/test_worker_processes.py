import json
import os
import signal
import time
from pathlib import Path

import pytest

from hypnos.llm.journal.journal import Journal


def children_of(process):
    """Processes that any thread of it started."""
    lists = [file.read_text().split() for file in Path(f"/proc/{process}/task").glob("*/children")]
    return [int(child) for children in lists for child in children]


@pytest.mark.slow
def test_worker_processes_answer_alike(server, tmp_path, start, finish):
    running = server(latency=0.02, too_many=0.05, retry_after=0, broken=0.03, cut=0.02, unreadable=0.1)
    assert finish(start(tmp_path, running, 200, workers=2))[0] == 0
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == [f"r{i}" for i in range(200)]
    assert all(row["value"] is not None for row in rows)
    journal = Journal(path=tmp_path / "journal.sqlite")
    assert running.stats()["requests"] == journal.count() + sum(journal.failures().values())
    assert running.stats()["most"] <= 16


@pytest.mark.slow
def test_worker_processes_stop_at_a_mistake(server, tmp_path, start, finish):
    running = server(models=["other"], latency=0.05)
    code, errors = finish(start(tmp_path, running, 300, workers=2, in_flight=4))
    assert code == 1
    assert "knows no model hosted_vllm/m" in errors.splitlines()[-1]
    assert running.stats()["requests"] <= 12


@pytest.mark.slow
def test_a_worker_process_that_is_killed_is_one_line_and_the_others_send_nothing_more(server, tmp_path, start, finish):
    running = server(latency=0.2)
    process = start(tmp_path, running, 2000, workers=2, in_flight=8)
    while running.stats().get("requests", 0) < 10:
        time.sleep(0.05)
    first = next(
        child for child in children_of(process.pid) if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()
    )
    os.kill(first, signal.SIGKILL)
    code, errors = finish(process)
    assert code == 1 and "a worker process has ended; start again to go on" in errors.splitlines()[-1]
    assert running.stats()["requests"] < 1000
