from pathlib import Path

import huggingface_hub
import pytest

from hypnos.artefacts.hub import fetch_model, is_hub_name, name_of_snapshot
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
