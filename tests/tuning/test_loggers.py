import csv
import json
from pathlib import Path

import pytest


@pytest.mark.slow
def test_each_stage_is_a_run_of_its_own_at_wandb_offline(train_once, monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef0123456789abcdef01234567")
    short = ["stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2"]
    train_once("logger=wandb", f"logger.wandb.save_dir={tmp_path}", f"logger.csv.save_dir={tmp_path}", *short, "seed=7")
    runs = list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
    assert len(runs) == 2
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"0123456789abcdef0123456789abcdef01234567" not in file.read_bytes(), file


def test_curves_and_answers_are_written_without_an_account(train_once, tmp_path):
    logs = [f"logger.{kind}.save_dir={tmp_path}" for kind in ("csv", "tensorboard")]
    short = ["experiment=specific_only", "stages.anesthesia.trainer.max_steps=2", "seed=8"]
    train_once("logger=default", *logs, *short)
    with (tmp_path / "anesthesia" / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    losses = [float(row["train/loss"]) for row in rows if row["train/loss"]]
    assert len(losses) == 2 and all(5 < loss < 12 for loss in losses)
    for name in ("train/grad_norm", "train/tokens_per_second", "val/loss", "val/bits_per_char"):
        assert any(row[name] for row in rows), name
    assert list((tmp_path / "anesthesia").glob("events.out.tfevents.*"))


def test_fixed_prompts_are_answered_at_each_validation(compose, tmp_path, train_once, tmp_path_factory):
    train_once("experiment=specific_only", "stages.anesthesia.trainer.max_steps=2", "seed=9")
    newest = max(
        tmp_path_factory.getbasetemp().glob("output*/answers-anesthesia.jsonl"), key=lambda p: p.stat().st_mtime
    )
    rows = [json.loads(line) for line in Path(newest).read_text("utf-8").splitlines()]
    assert {row["prompt"] for row in rows} == {
        "什么是恶性高热？",
        "全身麻醉前为什么要禁食？",
        "罗库溴铵的诱导剂量是多少？",
    }
    assert all(isinstance(row["answer"], str) and row["step"] == 2 for row in rows)


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
