"""The report at W&B, offline."""

from dataclasses import replace

import pytest

from hypnos.report.report import write_report
from hypnos.report.wandb_report import WandbReport, files_to_send
from hypnos.report.wandb_tables import grid_rows, headline_values


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
