import json
from pathlib import Path

import pytest

from hypnos.artefacts.hub import fetch_model
from hypnos.errors import UserError
from hypnos.experiment.pushed_stage import push_stage, stage_to_push


@pytest.fixture
def stage(tmp_path):
    folder = tmp_path / "anesthesia-1"
    (folder / "adapter").mkdir(parents=True)
    for name in ("model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "notes.txt"):
        (folder / name).write_text("{}")
    (folder / "stage.json").write_text(json.dumps({"base": "/home/zhang/models/Qwen3-8B"}))
    (folder / "README.md").write_text("---\nlanguage: zh\n---\ntrained from `/home/zhang/models/Qwen3-8B`.\n")
    return folder


def test_what_loads_it_goes_and_no_path_of_this_machine(stage, tmp_path):
    into = tmp_path / "into"
    into.mkdir()
    upload = stage_to_push(stage, into)
    names = {"model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "README.md"}
    assert {file.name for file in into.iterdir()} == names
    assert (into / "README.md").read_text().endswith("trained from `Qwen3-8B`.\n")
    assert (upload.kind, len(upload.left_out)) == ("model", 2)


def test_it_is_pushed_private(stage, hub_server):
    server = hub_server()
    push_stage(stage, "hub:owner/model")
    held = server.state()["repositories"]["models/owner/model"]
    assert held["private"] and "stage.json" not in held["files"] and "home" not in held["files"]["README.md"]


def test_a_folder_that_is_no_stage_is_told(tmp_path):
    with pytest.raises(UserError, match=r"no stage of train\.py"):
        stage_to_push(tmp_path, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("hub", ["hub", "ms"])
def test_a_run_pushes_its_last_stage_and_one_that_was_refused_is_trained_no_second_time(
    hub, hub_server, train_once, tmp_path, caplog
):
    if hub == "ms":
        pytest.importorskip("modelscope_hub")
    hub_server(token="another")
    asked = (f"push={hub}:owner/model",)
    kept = tmp_path / "artefacts"
    with pytest.raises(UserError, match=f"^push {hub}:owner/model: "):
        train_once(*asked, steps=2, artefacts=kept)
    server = hub_server()
    caplog.set_level("INFO")
    results = train_once(*asked, steps=2, artefacts=kept)
    assert caplog.text.count("reusing") >= 2 and f"pushed: {hub}:owner/model" in caplog.text
    ((name, held),) = server.state()["repositories"].items()
    assert (name, held["private"], server.state()["commits"]) == ("models/owner/model", True, 1)
    last = Path(results[-1]["directory"])
    assert last.name.startswith("anesthesia-")
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md"} <= held["files"].keys()
    assert "stage.json" not in held["files"]
    assert not [name for name, text in held["files"].items() if str(tmp_path) in text]
    if hub == "ms":  # as who has the right to read it gets it
        folder = fetch_model("ms:owner/model", ["*.safetensors"], complaint="x:")
        assert (folder / "model.safetensors").read_bytes() == (last / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_each_arm_of_a_sweep_has_a_repository_and_is_not_finished_before_it_is_there(hub_server, train_once, tmp_path):
    arm, kept = tmp_path / "arm", tmp_path / "artefacts"
    arm.mkdir()
    asked = {"steps": 2, "artefacts": kept, "output": arm, "sweeping": True}
    hub_server(token="another")
    with pytest.raises(UserError, match=r"^push hub:owner/model-"):
        train_once("push=hub:owner/model", "benchmark=false", **asked)
    server = hub_server()
    results = train_once("push=hub:owner/model", "benchmark=false", **asked)
    key = results[-1]["directory"].rpartition("-")[2]
    assert list(server.state()["repositories"]) == [f"models/owner/model-{key}"]
