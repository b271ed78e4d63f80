"""The report at W&B, offline."""

import json
from dataclasses import replace

import pytest

from hypnos.experiment.sweep.wandb import publish_sweep
from hypnos.report.report import Report, write_report
from hypnos.report.statistics.intervals import Interval
from hypnos.report.tables.table import Column, Grid
from hypnos.report.wandb.report import WandbReport, files_to_send
from hypnos.report.wandb.tables import answer_rows, grid_rows, headline_values


@pytest.fixture
def report(results, tmp_path):
    return write_report(tmp_path / "report", results=results)


def test_every_number_becomes_a_row(report) -> None:
    grid = next(grid for grid in report.grids if grid.key == "open/answers")
    rows = grid_rows(grid)
    assert rows[0][:3] == ["good", "length", pytest.approx(8.5)] and rows[0][5:] == [4, 4, 0, "sign:length"]
    variance = next(grid for grid in report.grids if grid.key == "open/raters_variance")
    assert grid_rows(variance)[0][3] is None  # no interval


def test_headline_values_by_task_metric_and_model(report, results) -> None:
    values = headline_values(report, results)
    assert values["open/rouge_l/good"] == pytest.approx(0.65)
    assert set(values) == {
        f"{name}/{model}" for name in ("open/rouge_l", "open/unsafe", "pick/accuracy") for model in ("good", "bad")
    }


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


def test_answers_stand_in_a_table_with_their_numbers(results) -> None:
    (task, pick) = results.tasks
    head, first, *others = answer_rows(results, task, 3)
    assert head == [
        "model",
        "item",
        "question",
        "references",
        "answer",
        "choice",
        "rouge_l",
        "unsafe",
        "length",
    ]  # no metric of the whole task
    assert first[:6] == ["good", "q0", "第 0 问", "罗库溴铵 0.6 mg/kg。", "罗库溴铵 0.6 mg/kg。", None]
    assert dict(zip(head[6:], first[6:]))["rouge_l"] == pytest.approx(0.9)
    assert [row[0] for row in others] == ["good", "good", "bad", "bad", "bad"]
    assert answer_rows(results, pick, 1)[1][5] == "A"
    assert answer_rows(results, replace(task, hidden=True), 3) == [head]


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


def test_a_sweep_shows_its_frontier_with_the_random_control_as_a_line_of_its_own(recorded_runs, tmp_path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    for name in ("report.md", "report.tex", "report.csv", "numbers.csv", "report.html"):
        (folder / name).write_text(name)

    def cell(value: float) -> Interval:
        return Interval(value, value, value, 1, 1)

    columns = (
        Column(name="kept_share", label="", better="neither"),
        Column(name="anesthesia_bits_per_char", label="", better="lower"),
    )
    rows = tuple(
        (f"selection={kind}, selection.threshold={at}", (cell(share), cell(bits)))
        for kind, at, share, bits in (
            ("cross", 5, 0.9, 4.0),
            ("cross", 8, 0.4, 3.5),
            ("random", 5, 0.9, 4.0),
            ("random", 8, 0.4, 4.5),
        )
    )
    grid = Grid(key="selection/frontier", title="What is kept", columns=columns, rows=rows, corner="arm", note="")
    report = Report(directory=folder, grids=(grid,), notes=(), figures=())
    publish_sweep(WandbReport(project="hypnos", save_dir=str(tmp_path / "w")), report, name="threshold", models={})
    (run,) = recorded_runs
    assert (run.asked["group"], run.asked["job_type"]) == ("threshold", "sweep")
    (chart,) = run.values("frontier")
    names = chart.table.columns
    lines = {}
    for row in chart.table.data:
        told = dict(zip(names, row))
        lines.setdefault(told["selection"], []).append((told["kept_share"], told["anesthesia_bits_per_char"]))
    assert lines == {"selection=cross": [(0.9, 4.0), (0.4, 3.5)], "selection=random": [(0.9, 4.0), (0.4, 4.5)]}
    assert chart.spec.fields == {"x": "kept_share", "y": "anesthesia_bits_per_char", "stroke": "selection"}
    assert run.summary["selection/frontier/anesthesia_bits_per_char/selection=random, selection.threshold=8"] == 4.5
    assert "report.html" in run.made[0].manifest.entries
