"""A stage at W&B: lineage, an end, and no key."""

import json
from pathlib import Path

import pytest

from hypnos.tuning.tracking.wandb_logger import StageWandbLogger

KEYS = ("WANDB_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DEEPSEEK_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def planted(monkeypatch, tmp_path) -> list[str]:
    """A key of its own in each variable that holds one, and everything W&B keeps below one folder."""
    keys = {name: f"{number}{'c0ffee' * 7}"[:40] for number, name in enumerate(KEYS)}
    for name, key in keys.items():
        monkeypatch.setenv(name, key)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_ARTIFACT_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return list(keys.values())


SHORT = ["stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2", "answers.max_new_tokens=2"]


def into(folder: Path) -> list[str]:
    return [f"logger.{kind}.save_dir={folder}" for kind in ("wandb", "csv")]


@pytest.mark.slow
def test_each_stage_is_a_run_offline_and_nothing_that_it_leaves_holds_a_key(train_once, planted, tmp_path):
    train_once("logger=wandb", *into(tmp_path), *SHORT, "seed=7", artefacts=tmp_path / "artefacts")
    runs = sorted(tmp_path.glob("wandb/offline-run-*"))  # offline, though nobody said so
    assert len(runs) == 2
    for run, models in zip(runs, (["base", "vocabulary", "general"], ["base", "vocabulary", "general", "anesthesia"])):
        tables = {file.name.split("_")[0]: json.loads(file.read_text()) for file in run.rglob("*.table.json")}
        assert list(dict.fromkeys(row[0] for row in tables["measures"]["data"])) == models
        assert tables["answers"]["columns"] == ["step", "prompt", "answer"] and len(tables["answers"]["data"]) == 3
        assert tables["funnel"]["columns"] == ["source", "step", "reason", "records"]
        assert list(run.glob("files/media/images/fertility*.png"))
        assert "'lr': " in (run / "logs" / "debug.log").read_text()  # its settings
        assert not list(run.rglob("output.log"))  # what is printed stays here
    staged = [file for file in (tmp_path / "wandb_data_dir").rglob("*") if file.is_file()]
    assert staged and max(file.stat().st_size for file in staged) < 100_000  # no weights among what would be sent
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [key for key in planted if key.encode() in content], file


@pytest.mark.slow
def test_what_wandb_is_told_of_a_run_holds_lineage_from_stage_to_stage_and_no_key(
    train_once, planted, tmp_path, recorded_runs
):
    rows = train_once("logger=wandb", *into(tmp_path), *SHORT, "seed=11", "experiment=general_to_specific")
    general, anesthesia = recorded_runs
    assert [run.asked["job_type"] for run in recorded_runs] == ["general", "anesthesia"]
    assert {run.asked["group"] for run in recorded_runs} == {"general_to_specific"}
    assert {run.asked["mode"] for run in recorded_runs} == {"offline"}
    (made,) = general.made
    parent = next(artifact for artifact in anesthesia.used if artifact.type == "model")
    assert (parent.name, parent.digest) == (made.name, made.digest)
    assert {artifact.type for artifact in general.used} == {"model", "dataset", "vocabulary", "records"}
    before, after = rows[-2]["measures"], rows[-1]["measures"]
    for name in ("general", "anesthesia"):
        (changed,) = anesthesia.values(f"forgetting/{name}")
        assert changed == pytest.approx(after[name]["bits_per_char"] - before[name]["bits_per_char"])
        line = anesthesia.values(f"heldout/{name}_bits_per_char")
        assert (line[0], line[-1]) == (before[name]["bits_per_char"], after[name]["bits_per_char"])
    assert general.values("experiment_step")[-1] == anesthesia.values("experiment_step")[0] == 2
    for name in ("train/loss", "train/grad_norm", "train/learnt_tokens_per_second"):
        assert len(anesthesia.values(name)) == 2, name
    assert anesthesia.values("data/truncated_share") and anesthesia.config["tuning"]["lr"] > 0
    told = repr([vars(run) for run in recorded_runs])
    texts = [row for run in recorded_runs for name in ("answers", "measures") for row in run.values(name)[-1].data]
    assert len(told) > 1000 and len(texts) > 10
    assert not [key for key in planted if key in told + repr(texts)]


def test_at_wandb_the_group_is_the_experiment_the_job_type_the_stage_and_the_name_what_differs(described, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    run = described("logger=wandb", "experiment=mixed", "seed=4")
    built = []
    run.build = lambda node, **given: built.append({**node, **given})
    for node in run.logger.values():
        run._logger(node, "mixed")
    wandb, kept = sorted(built, key=lambda one: one["_target_"])
    assert kept["name"] == "mixed"  # a folder of the stage's name
    assert (wandb["group"], wandb["job_type"]) == ("mixed", "mixed")
    assert wandb["name"].startswith("mixed__seed-4") or "seed-4" in wandb["name"]
    assert "0123456789abcdef" not in json.dumps(built)
    run = described("logger=wandb", "sweep=strategy", "experiment=mixed")
    assert run.logger["wandb"]["group"] == "strategy"


def test_a_run_that_broke_says_so(tmp_path, recorded_runs):
    logger = StageWandbLogger(project="hypnos", save_dir=str(tmp_path / "w"))
    logger.log_metrics({"a": 1.0}, step=0)
    logger.finish(failed=True)
    assert recorded_runs[0].exit_code == 1 and recorded_runs[0].asked["mode"] == "offline"
    assert (tmp_path / "w").is_dir()
