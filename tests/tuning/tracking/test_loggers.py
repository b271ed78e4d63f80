import csv
import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

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


def test_held_out_text_is_measured_along_the_way_as_it_is_in_the_end(train_once, tmp_path):
    """The last validation of a stage and the exported model see the same weights: two measures of one thing."""
    chosen = ["experiment=specific_only", "seed=12", "answers.max_new_tokens=1"]
    rows = train_once("logger=csv", f"logger.csv.save_dir={tmp_path}", *chosen)
    with (tmp_path / "anesthesia" / "metrics.csv").open() as stream:
        logged = [row for row in csv.DictReader(stream) if row["experiment_step"]]
    first, *way, last = logged
    assert way and int(way[-1]["step"]) == int(last["step"])
    for name in ("general", "anesthesia"):
        column = f"heldout/{name}_bits_per_char"
        assert float(first[column]) == pytest.approx(rows[-2]["measures"][name]["bits_per_char"])
        assert float(way[-1][column]) == pytest.approx(rows[-1]["measures"][name]["bits_per_char"], rel=1e-5)
        assert float(last[column]) == pytest.approx(rows[-1]["measures"][name]["bits_per_char"])


def test_curves_and_answers_are_written_without_an_account(train_once, tmp_path):
    logs = [f"logger.{kind}.save_dir={tmp_path}" for kind in ("csv", "tensorboard")]
    short = ["experiment=specific_only", "stages.anesthesia.trainer.max_steps=2", "seed=8"]
    train_once("logger=default", *logs, *short)
    with (tmp_path / "anesthesia" / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    losses = [float(row["train/loss"]) for row in rows if row["train/loss"]]
    assert len(losses) == 2 and all(5 < loss < 12 for loss in losses)
    for name in (
        *("train/grad_norm", "train/tokens_per_second", "train/learnt_tokens_per_second", "val/loss"),
        *("val/bits_per_char", "data/truncated_share", "heldout/general_bits_per_char", "forgetting/general"),
        *("fertility/anesthesia_before", "fertility/anesthesia_after"),
    ):
        assert any(row[name] for row in rows), name
    assert all(
        float(row["train/learnt_tokens_per_second"]) < float(row["train/tokens_per_second"])
        for row in rows
        if row["train/loss"]
    )
    board = EventAccumulator(str(tmp_path / "anesthesia")).Reload()
    numbers = {column for row in rows for column, value in row.items() if value} - {"step", "experiment_step"}
    assert numbers <= set(board.Tags()["scalars"])
    assert {"answers/1/text_summary", "answers/3/text_summary", "measures/text_summary"} <= set(board.Tags()["tensors"])


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
