"""Finds names of the Hugging Face hub in paths, and fetches the files of a model there."""

from collections.abc import Sequence
from pathlib import Path

from hypnos.errors import UserError

HUB = "hub:"
"""A path that starts so is a name on the hub: `hub:Qwen/Qwen2.5-7B-Instruct`, `hub:FreedomIntelligence/huatuo26M-lite`.

A set of data may be followed by a configuration and a split: `hub:name@config#split`."""


def is_hub_name(name: str) -> bool:
    """Whether a text that stands for no folder may be a bare name `owner/model` on the hub."""
    return not name.startswith((".", "/", "~")) and name.count("/") == 1


def name_of_snapshot(folder: Path) -> str | None:
    """The name `owner/model` of a snapshot in the hub's cache, whose folder is called by a commit; None for others."""
    parts = folder.parts
    if len(parts) < 3 or parts[-2] != "snapshots" or not parts[-3].startswith("models--"):
        return None
    return parts[-3].removeprefix("models--").replace("--", "/", 1)


def fetch_model(name: str, patterns: Sequence[str], *, complaint: str) -> Path:
    """The folder of a model's local snapshot, downloaded unless it is there.

    Args:
        name: `owner/model`, without `hub:`.
        patterns: of the files that are needed, such as `*.safetensors`.
        complaint: how the line of an error begins, naming the path as the user wrote it.

    Raises:
        UserError: the hub does not give it.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(patterns)))
    except Exception as error:  # of its own, of its HTTP client or of the system, without a common type
        lines = str(error).strip().splitlines()
        reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
        raise UserError(
            f"{complaint} the hub does not give it (HF_ENDPOINT sets a mirror, HF_TOKEN opens gated models): {reason}"
        ) from error
