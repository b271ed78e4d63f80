"""A stage as a run of MLflow, by its own library, in a store of files."""

import json
import os

import pytest

from hypnos.report.boards.mlflow import store_address
from hypnos.report.lineage import Ingredient
from hypnos.tuning.tracking.loggers import show_across, show_settings, show_table
from hypnos.tuning.tracking.mlflow_logger import StageMlflowLogger

pytest.importorskip("mlflow")


def test_a_run_that_begins_leaves_the_address_of_the_next_one_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for arm in ("a", "b"):
        logger = StageMlflowLogger(project="hypnos", save_dir=str(tmp_path / arm))
        logger.log_metrics({"loss": 1.0}, step=1)
        assert "MLFLOW_TRACKING_URI" not in os.environ and (tmp_path / arm / "mlruns").is_dir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    StageMlflowLogger(project="hypnos", save_dir=str(tmp_path / "c")).log_metrics({"loss": 1.0}, step=1)
    assert os.environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:1"


def test_each_stage_is_a_run_with_numbers_settings_tables_and_lineage(tmp_path):
    from mlflow.tracking import MlflowClient

    folder = tmp_path / "anesthesia-00"
    folder.mkdir()
    for stage in ("general", "anesthesia"):
        logger = StageMlflowLogger(
            project="hypnos", save_dir=str(tmp_path / "w"), job_type=stage, group="mixed", name="mixed__seed-1"
        )
        show_settings([logger], {"tuning": {"lr": 0.1}, "api_key": "sk-" + "c0ffee" * 7})
        show_across([logger], {"heldout/general_bits_per_char": 5.0}, step=1, offset=4)
        show_table([logger], "answers", head=("prompt", "answer"), rows=[("什么是恶性高热？", None)], step=1)
        logger.log_lineage(used=[Ingredient(kind="model", path=folder)], model=folder)
        logger.finalize("success")
        logger.finish(failed=stage == "general")
    client = MlflowClient(store_address(None, str(tmp_path / "w")))
    runs = {run.data.tags["job_type"]: run for run in client.search_runs(["0", logger.experiment_id])}
    assert {stage: run.info.status for stage, run in runs.items()} == {"general": "FAILED", "anesthesia": "FINISHED"}
    run = runs["anesthesia"]
    assert run.info.run_name == "mixed__seed-1" and run.data.tags["group"] == "mixed"
    assert run.data.tags["used_model"] == run.data.tags["made_model"] == "anesthesia-00"
    assert run.data.metrics == {"heldout/general_bits_per_char": 5.0, "experiment_step": 5.0}
    assert run.data.params["tuning/lr"] == "0.1"
    (file,) = (tmp_path / "w").rglob(f"{run.info.run_id}/artifacts/tables/answers.json")
    assert json.loads(file.read_text("utf-8")) == {
        "columns": ["prompt", "answer"],
        "data": [["什么是恶性高热？", None]],
    }
    left = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert b"c0ffee" * 7 not in left
