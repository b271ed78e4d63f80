"""Lineage: artifacts say where files lie, and send none of them unless asked."""

import json

import pytest

from hypnos.report.lineage import Ingredient
from hypnos.report.wandb.artifacts import by_reference, model_artifact, to_artifact, use

WEIGHTS = b"w" * 4096


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "staged"))
    folder = tmp_path / "models" / "general-0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    told = {"name": "general", "key": "k" * 64, "steps": 7, "metrics": {"val/loss": 2.5}, "settings": {"lr": 1.0}}
    (folder / "stage.json").write_text(json.dumps({**told, "parents": {"base": "b" * 64}}), "utf-8")
    return folder


def staged(tmp_path) -> bytes:
    return b"".join(file.read_bytes() for file in (tmp_path / "staged").rglob("*") if file.is_file())


def test_a_model_is_named_by_its_key_and_its_weights_stay_where_they_are(stage, tmp_path):
    artifact = model_artifact(stage)
    entries = artifact.manifest.entries
    assert (artifact.name.split(":")[0], artifact.type) == ("general-0123456789abcdef", "model")
    assert entries["model.safetensors"].ref == (stage / "model.safetensors").as_uri()
    assert entries["shown/stage.json"].ref is None
    assert artifact.metadata == {"name": "general", "key": "k" * 64, "steps": 7, "metrics": {"val/loss": 2.5}}
    assert b"wwww" not in staged(tmp_path) and b"settings" in staged(tmp_path)


def test_the_run_that_made_it_and_those_that_use_it_mean_the_same_artifact(stage):
    assert model_artifact(stage).digest == model_artifact(stage).digest
    other = stage.with_name("general-ffffffffffffffff")
    stage.rename(other)
    before = model_artifact(other).digest
    (other / "stage.json").write_text("{}", "utf-8")
    assert model_artifact(other).digest != before


def test_weights_are_sent_on_request(stage, tmp_path):
    entries = model_artifact(stage, upload=True).manifest.entries
    assert all(entry.ref is None for entry in entries.values()) and "model.safetensors" in entries
    assert WEIGHTS in staged(tmp_path)


def test_no_key_goes_along_in_a_text_or_in_metadata(stage, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "planted-0123456789")
    (stage / "stage.json").write_text(json.dumps({"name": "x", "base": "https://planted-0123456789@hub"}), "utf-8")
    artifact = model_artifact(stage)
    assert b"planted" not in staged(tmp_path) and "planted" not in repr(artifact.metadata)


def test_records_have_one_name_where_they_are_made_and_where_they_are_read(tmp_path):
    folder = tmp_path / "instructions-00ff" / "records"
    folder.mkdir(parents=True)
    (folder / "kept.jsonl").write_text('{"id": "a", "output": "住院病例"}\n', "utf-8")
    artifact = to_artifact(Ingredient(kind="records", path=folder))
    assert artifact.name.split(":")[0] == "instructions-00ff-records"
    assert artifact.manifest.entries["kept.jsonl"].ref == (folder / "kept.jsonl").as_uri()
    odd = by_reference(folder, type="records", name="数据 集/a b")
    assert odd.name.split(":")[0] == "a-b"


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_use_is_noted_offline_too(stage, recorded_runs, mode):
    import wandb

    run = wandb.init(mode=mode)
    use(run, model_artifact(stage))
    assert [artifact.type for artifact in recorded_runs[0].used] == ["model"]


@pytest.mark.slow
def test_wandb_itself_takes_both_offline(stage, tmp_path, monkeypatch):
    import wandb

    monkeypatch.setenv("WANDB_SILENT", "true")
    run = wandb.init(project="p", dir=str(tmp_path), mode="offline")
    assert run.offline
    artifact = model_artifact(stage)
    use(run, artifact)
    made = run.log_artifact(model_artifact(stage))
    run.finish()
    assert made.name.startswith(stage.name)
    with pytest.raises(TypeError, match="offline"):
        wandb.init(project="p", dir=str(tmp_path), mode="offline").use_artifact(artifact)
    wandb.finish()
