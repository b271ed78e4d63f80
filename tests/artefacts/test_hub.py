import sys
from pathlib import Path

import huggingface_hub
import pytest

from hypnos.artefacts.hub import bare_name, fetch_model, fetch_modelscope, is_hub_name, name_of_snapshot, on_hub
from hypnos.errors import UserError


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *(("Qwen/Qwen2.5-7B", True), ("gpt2", False), ("a/b/c", False), ("", False)),
        *(("./a", False), ("../a", False), ("/a", False), ("~/a", False)),
    ],
)
def test_a_bare_name_has_an_owner_and_is_no_path(name: str, is_one: bool) -> None:
    assert is_hub_name(name) is is_one


def test_a_snapshot_has_the_hubs_name_and_not_that_of_a_commit() -> None:
    cache = Path("/home/x/.cache/huggingface/hub")
    assert name_of_snapshot(cache / "models--Qwen--Qwen2.5-7B" / "snapshots" / "0a1b2c") == "Qwen/Qwen2.5-7B"
    assert name_of_snapshot(cache / "models--gpt2" / "snapshots" / "0a1b2c") == "gpt2"
    assert name_of_snapshot(Path("models/run1/final")) is None
    cache = Path("/home/x/.cache/modelscope/hub")
    assert name_of_snapshot(cache / "models" / "Qwen--Qwen3-8B" / "snapshots" / "master") == "Qwen/Qwen3-8B"


def test_names_of_both_hubs_are_known_and_bare() -> None:
    assert on_hub("hub:a/b") and on_hub("ms:a/b") and not on_hub("a/b")
    assert bare_name("ms:a/b") == bare_name("hub:a/b") == bare_name("a/b") == "a/b"


def test_a_model_of_modelscope_is_fetched_once_and_then_found_without_a_network(
    hub_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("modelscope_hub")
    files = {"config.json": "{}", "model.safetensors": "w" * 4000, "pytorch_model.bin": "old"}
    server = hub_server(repositories={"models/owner/name": {"files": files}})
    folder = fetch_model("ms:owner/name", ["*.json", "*.safetensors"], complaint="x:")
    assert {file.name for file in folder.iterdir() if not file.name.startswith(".")} == {
        "config.json",
        "model.safetensors",
    }
    assert name_of_snapshot(folder) == "owner/name"
    server.process.kill()
    server.process.wait()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch_model("ms:owner/name", ["*.json", "*.safetensors"], complaint="x:") == folder
    with pytest.raises(UserError, match=r"^x: ModelScope does not give it \(MODELSCOPE_ENDPOINT sets another address"):
        fetch_modelscope("owner/other", "model", complaint="x:")


def test_without_its_library_modelscope_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelscope_hub", None)
    with pytest.raises(UserError, match=r"^x: ms: needs ModelScope's library: pip install -e '\.\[modelscope\]'$"):
        fetch_model("ms:owner/name", ["*"], complaint="x:")


def test_a_model_is_fetched_by_name_with_the_files_that_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def snapshot_download(name: str, *, allow_patterns: list[str]) -> str:
        calls.append((name, allow_patterns))
        return "/cache/owner/name"

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert fetch_model("owner/name", ["*.json"], complaint="x:") == Path("/cache/owner/name")
    assert calls == [("owner/name", ["*.json"])]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(OSError("no network\nmore"), "OSError: no network"), (ConnectionError(), "ConnectionError")],
)
def test_a_hub_that_does_not_give_it_is_one_line(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def snapshot_download(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    line = rf"^hub:a/b: the hub does not give it \(HF_ENDPOINT sets a mirror, HF_TOKEN opens gated models\): {reason}$"
    with pytest.raises(UserError, match=line):
        fetch_model("a/b", ["*.json"], complaint="hub:a/b:")
