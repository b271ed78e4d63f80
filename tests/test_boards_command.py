"""train.py, its sweeps and evaluate.py as commands, with each service's own library, offline."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hypnos.report.boards.mlflow import store_address

ROOT = Path(__file__).parents[1]
SMALL = [
    *("sources.general.limit=60", "sources.anesthesia.limit=60", "model.recipe.pieces=2000"),
    *("answers.max_new_tokens=4", "accelerator=cpu"),
]
TWO = ["stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2"]
ONE = ["experiment=specific_only", "stages.anesthesia.trainer.max_steps=2", "benchmark=false"]
ASKED = ["tasks=[anecq]", "tasks.anecq.limit=4"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command below one folder, and shows what it said where it failed."""
    monkeypatch.setenv("SWANLAB_SAVE_DIR", str(tmp_path / "settings"))
    for variable in ("SWANLAB_MODE", "MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE"):
        monkeypatch.delenv(variable, raising=False)

    def run(script, *overrides):
        done = subprocess.run(
            [sys.executable, str(ROOT / script), *overrides],
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    return run


def all_commands(run, logger):
    """Two stages, their report, two arms and theirs."""
    run("train.py", f"logger={logger}", *SMALL, *TWO)
    run("evaluate.py", f"publish=report_{logger}", *ASKED)
    run("train.py", "-m", "seed=1,2", "sweep_name=mine", f"logger={logger}", *SMALL, *ONE)
    run("evaluate.py", "sweep=mine", f"publish=report_{logger}")


@pytest.mark.slow
def test_mlflow_holds_runs_of_stages_arms_and_reports(run, tmp_path):
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    all_commands(run, "mlflow")
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    kept = []
    for store in sorted(tmp_path.glob("outputs/**/mlruns")):
        client = MlflowClient(store_address(None, str(store.parent)))
        experiment = client.get_experiment_by_name("hypnos")
        kept += [(client, one, store) for one in client.search_runs([experiment.experiment_id])]
    kinds = sorted((one.data.tags.get("group", ""), one.data.tags["job_type"]) for _, one, _ in kept)
    stages = [("general_to_specific", "anesthesia"), ("general_to_specific", "general")]
    arms = [("specific_only", "anesthesia")] * 2
    assert [kind for kind in kinds if kind[1] not in ("evaluate", "sweep")] == [*stages, *arms]
    assert {kind for _, kind in kinds} >= {"evaluate", "sweep"}
    assert {one.info.status for _, one, _ in kept} == {"FINISHED"}
    places = [
        store.parent.name.partition("__")[0] for _, one, store in kept if one.data.tags.get("group") == arms[0][0]
    ]
    assert sorted(places) == ["seed-1", "seed-2"]  # each arm in its own folder
    by_kind = {(one.data.tags.get("group"), one.data.tags["job_type"]): (client, one) for client, one, _ in kept}
    client, last = by_kind["general_to_specific", "anesthesia"]
    assert {"train/loss", "val/loss", "heldout/general_bits_per_char", "experiment_step"} <= last.data.metrics.keys()
    history = client.get_metric_history(last.info.run_id, "experiment_step")
    assert min(point.value for point in history) >= 2  # it goes on from the steps of the stage before it
    tables = {one.path for one in client.list_artifacts(last.info.run_id, "tables")}
    assert {"tables/answers.json", "tables/lineage.json", "tables/measures.json"} <= tables
    assert last.data.tags["used_model"].startswith("general-")
    client, first = by_kind["general_to_specific", "general"]
    assert [one.path for one in client.list_artifacts(first.info.run_id, "pictures")] == ["pictures/fertility.png"]


@pytest.mark.slow
def test_swanlab_holds_runs_of_stages_arms_and_reports(run, tmp_path):
    pytest.importorskip("swanlab")
    all_commands(run, "swanlab")
    runs = sorted(tmp_path.glob("outputs/**/swanlog/run-*"))
    assert len(runs) == 6  # two stages, a report, two arms, and theirs
    assert len(list(tmp_path.glob("outputs/sweeps/mine/seed-*/swanlog/run-*"))) == 2
    for one in runs[:5]:
        tables = [json.loads(file.read_text("utf-8")) for file in one.glob("media/echarts/**/*.json")]
        assert any("used" in json.dumps(table) and "model" in json.dumps(table) for table in tables), one  # lineage
        assert list(one.glob("media/image/*.png")), one
    stages = [run for run in runs if run.parent.parent.parent.name == "general_to_specific"]
    for one in stages:
        kept = b"".join(file.read_bytes() for file in one.glob("run-*.swanlab"))
        for name in (b"train/loss", b"heldout/anesthesia_bits_per_char", b"experiment_step", b"general_to_specific"):
            assert name in kept
