"""Reports and funnels in a store of files, by MLflow's own library."""

import sys

import pytest

from hypnos.errors import UserError
from hypnos.report.boards.mlflow import MlflowFunnel, MlflowReport, check_mlflow, store_address


def test_without_the_library_a_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)  # as if it were not installed
    with pytest.raises(UserError, match=r"pip install -e '\.\[mlflow\]'"):
        check_mlflow()


def test_an_address_is_taken_as_it_is_and_a_folder_is_a_store_of_files(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    assert store_address("http://127.0.0.1:5000", str(tmp_path)) == "http://127.0.0.1:5000"
    assert store_address(None, str(tmp_path)) == f"{tmp_path.resolve().as_uri()}/mlruns"


@pytest.fixture
def runs(tmp_path):
    """Reads back with MLflow's client what was kept below a folder."""
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    def read():
        client = MlflowClient(store_address(None, str(tmp_path / "w")))
        experiment = client.get_experiment_by_name("hypnos")
        return client, client.search_runs([experiment.experiment_id])

    return read


def test_a_report_is_a_run_with_its_tables_numbers_and_lineage(runs, written_report, results, stage, tmp_path):
    account = MlflowReport(project="hypnos", save_dir=str(tmp_path / "w"), group="mine", answers=2)
    account.publish(written_report, results=results, models={"good": stage})
    client, (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.tags["job_type"] == "evaluate" and run.data.tags["group"] == "mine"
    assert run.data.tags["used_model"] == "anesthesia-00"
    assert run.data.metrics["pick/accuracy/good"] == pytest.approx(5 / 6)
    folders = ("tables", "pictures", "report")
    files = {one.path for folder in folders for one in client.list_artifacts(run.info.run_id, folder)}
    assert {"tables/open_characters.json", "tables/lineage.json", "report/report.md", "report/report.html"} <= files
    assert sum(file.startswith("pictures/") for file in files) == len(written_report.figures)


def test_a_funnel_goes_without_its_records_and_a_failure_is_marked(runs, funnel, tmp_path):
    account = MlflowFunnel(project="hypnos", save_dir=str(tmp_path / "w"))
    account.publish(**funnel)
    with pytest.raises(UserError, match="record a: egress is local"):
        MlflowFunnel(project="hypnos", save_dir=str(tmp_path / "w"), records=True).publish(**funnel)
    with pytest.raises(RuntimeError), account.board("filter", config={"api_key": "sk-" + "c0ffee" * 7}):
        raise RuntimeError("broke")
    _, kept = runs()
    assert sorted(run.info.status for run in kept) == ["FAILED", "FINISHED"]
    left = b"".join(file.read_bytes() for file in (tmp_path / "w").rglob("*") if file.is_file())
    assert b"below_threshold" in left and "住院病例".encode() not in left and b"c0ffee" * 7 not in left
