"""The report at W&B, offline."""

import json
from dataclasses import replace

import pytest

from hypnos.report.boards.send_report import files_to_send
from hypnos.report.report import write_report
from hypnos.report.wandb.report import WandbReport


@pytest.fixture
def report(results, tmp_path):
    return write_report(tmp_path / "report", results=results)


def test_the_page_stays_here_if_a_task_may_not_leave(report, results) -> None:
    assert report.page in files_to_send(report, results)
    hidden = replace(results, tasks=(replace(results.tasks[0], hidden=True), *results.tasks[1:]))
    sent = files_to_send(report, hidden)
    assert report.page not in sent and report.directory / "report.md" in sent


@pytest.mark.slow
def test_an_offline_run_holds_tables_images_and_the_artifact_and_no_secret(
    report, results, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    WandbReport(project="hypnos", save_dir=str(tmp_path / "wandb")).publish(report, results=results)
    files = [path for path in (tmp_path / "wandb").rglob("*") if path.is_file()]
    assert any(path.suffix == ".wandb" for path in files)
    assert sum(path.name.endswith(".table.json") for path in files) >= len(report.grids)
    assert sum(path.suffix == ".png" for path in files) >= len(report.figures)
    assert not [path for path in files if b"k" * 40 in path.read_bytes()]


def test_a_benchmark_is_one_run_with_what_it_used_and_made(report, results, recorded_runs, tmp_path) -> None:
    stage, elsewhere = tmp_path / "anesthesia-00", tmp_path / "hub"
    for folder in (stage, elsewhere):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"w")
    (stage / "stage.json").write_text(json.dumps({"name": "anesthesia", "key": "00"}))
    answers = report.directory / "predictions" / "good"
    answers.mkdir(parents=True)
    (answers / "open.jsonl").write_text('{"answer": "住院病例"}\n', "utf-8")
    shared = WandbReport(project="hypnos", save_dir=str(tmp_path / "w"), group="mine", answers=2)
    hidden = replace(results, tasks=(replace(results.tasks[0], hidden=True), *results.tasks[1:]))
    shared.publish(report, results=hidden, models={"good": stage, "bad": elsewhere})
    (run,) = recorded_runs
    told = {name: run.asked[name] for name in ("project", "group", "job_type", "name", "mode")}
    assert told == {
        "project": "hypnos",
        "group": "mine",
        "job_type": "evaluate",
        "name": "good, bad",
        "mode": "offline",
    }
    assert run.config["tasks"] == {"open": "abc", "pick": ""}
    (table,) = run.values("predictions/pick")
    assert [row[0] for row in table.data] == ["good", "good", "bad", "bad"] and not run.values("predictions/open")
    assert run.summary["pick/accuracy/good"] == pytest.approx(5 / 6)
    assert [artifact.name.split(":")[0] for artifact in run.used] == ["anesthesia-00"]
    files, predictions = run.made
    assert "report.html" not in files.manifest.entries and "report.csv" in files.manifest.entries
    (entry,) = predictions.manifest.entries.values()
    assert predictions.type == "predictions" and entry.ref == (answers / "open.jsonl").as_uri()  # no text of it leaves
    assert run.exit_code == 0
