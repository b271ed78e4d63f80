"""Finds names of the Hugging Face hub and of ModelScope in paths, and fetches the files of a model or a set there."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from hypnos.errors import UserError

HUB = "hub:"
"""A path that starts so is a name on the hub: `hub:Qwen/Qwen2.5-7B-Instruct`, `hub:FreedomIntelligence/huatuo26M-lite`.

A set of data may be followed by a configuration and a split: `hub:name@config#split`."""

MODELSCOPE = "ms:"
"""The same on ModelScope: `ms:Qwen/Qwen2.5-7B-Instruct`."""

Kind = Literal["model", "dataset"]


def on_hub(path: str) -> bool:
    """Whether a path is a name on a hub, and no file or folder here."""
    return path.startswith((HUB, MODELSCOPE))


def bare_name(path: str) -> str:
    """A name on a hub without the hub's own: `owner/name`."""
    return path.removeprefix(HUB).removeprefix(MODELSCOPE)


def is_hub_name(name: str) -> bool:
    """Whether a text that stands for no folder may be a bare name `owner/model` on the hub."""
    return not name.startswith((".", "/", "~")) and name.count("/") == 1


def name_of_snapshot(folder: Path) -> str | None:
    """The name `owner/model` of a snapshot in a hub's cache, whose folder is called by a commit; None for others."""
    parts = folder.parts
    if len(parts) < 3 or parts[-2] != "snapshots":
        return None
    if parts[-3].startswith("models--"):
        return parts[-3].removeprefix("models--").replace("--", "/", 1)
    if len(parts) > 3 and parts[-4] == "models":  # ModelScope's: models/owner--name/snapshots/master
        return parts[-3].replace("--", "/", 1)
    return None


def fetch_model(name: str, patterns: Sequence[str], *, complaint: str) -> Path:
    """The folder of a model's local snapshot, downloaded unless it is there.

    Args:
        name: `owner/model` of the Hugging Face hub, `hub:owner/model`, or `ms:owner/model`.
        patterns: of the files that are needed, such as `*.safetensors`.
        complaint: how the line of an error begins, naming the path as the user wrote it.

    Raises:
        UserError: the hub does not give it.
    """
    if name.startswith(MODELSCOPE):
        return fetch_modelscope(bare_name(name), "model", patterns, complaint=complaint)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(bare_name(name), allow_patterns=list(patterns)))
    except Exception as error:  # of its own, of its HTTP client or of the system, without a common type
        raise UserError(
            f"{complaint} the hub does not give it (HF_ENDPOINT sets a mirror, HF_TOKEN opens gated models):"
            f" {first_line(error)}"
        ) from error


def fetch_modelscope(name: str, kind: Kind, patterns: Sequence[str] | None = None, *, complaint: str) -> Path:
    """The folder of a local snapshot of ModelScope, downloaded as far as it is not there.

    Args:
        name: `owner/name`.
        kind: a model or a set of data.
        patterns: of the files that are needed; None for all.
        complaint: how the line of an error begins.

    Raises:
        UserError: ModelScope does not give it, or its library is not installed.
    """
    api = open_modelscope(complaint)
    offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    try:
        return Path(
            api.download_repo(
                name, kind, allow_patterns=None if patterns is None else list(patterns), local_files_only=offline
            )
        )
    except Exception as error:  # as above
        raise UserError(
            f"{complaint} ModelScope does not give it (MODELSCOPE_ENDPOINT sets another address,"
            f" MODELSCOPE_API_TOKEN opens what is private): {first_line(error)}"
        ) from error


def open_modelscope(complaint: str) -> Any:
    """ModelScope's own client, which reads address and token from the environment.

    Raises:
        UserError: it is not installed.
    """
    try:
        from modelscope_hub import HubApi, HubConfig
    except ImportError:
        raise UserError(f"{complaint} ms: needs ModelScope's library: pip install -e '.[modelscope]'") from None
    return HubApi(config=HubConfig())


def first_line(error: Exception) -> str:
    """What an error of a library says, on one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
