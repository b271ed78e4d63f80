import json

import pytest

from hypnos.llm.journal.journal import Journal


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
