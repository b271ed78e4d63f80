"""Describes what runs make and use as artifacts at Weights & Biases; large files stay where they are."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hypnos.artefacts.hub import name_of_snapshot
from hypnos.artefacts.model_folder import STAGE
from hypnos.llm.redaction import redact
from hypnos.report.lineage import Ingredient
from hypnos.report.secrecy import without_secrets

SHOWN = ("name", "key", "base", "steps", "seconds", "device", "processes", "seed", "commit", "metrics", "parameters")
"""Of `stage.json`, what is shown beside a model; the whole file lies in the artifact."""


def by_reference(
    path: Path,
    *,
    type: str,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    files: Iterable[Path] = (),
    upload: bool = False,
) -> Any:
    """An artifact that says where files lie.

    The same path gives the same artifact in every run, and so joins the run that made it with those that use it.

    Args:
        path: a folder or a file; our folders are named by the key of what made them.
        type: `model`, `dataset`, `vocabulary`, `records`, `predictions`.
        name: None takes the folder's, or the hub's name of a snapshot.
        metadata: what to show of it.
        files: small texts without records that are sent all the same.
        upload: send everything.
    """
    import wandb

    path = path.resolve()
    shown = without_secrets(dict(metadata or {}))
    artifact = wandb.Artifact(_allowed_name(name or name_of_snapshot(path) or path.name), type=type, metadata=shown)
    if upload:
        artifact.add_dir(str(path)) if path.is_dir() else artifact.add_file(str(path))
        return artifact
    # Without checksums: hashing the weights of a 7B model would take a minute, and the name holds the key already.
    artifact.add_reference(path.as_uri(), checksum=False)
    for file in files:
        with artifact.new_file(f"shown/{file.name}", encoding="utf-8") as stream:
            stream.write(redact(file.read_text("utf-8")))
    return artifact


def model_artifact(directory: Path, *, upload: bool = False) -> Any:
    """A stage, or any directory of weights."""
    shown = [file for file in (directory / STAGE, directory / "README.md") if file.is_file()]
    stage = json.loads(shown[0].read_text("utf-8")) if shown and shown[0].name == STAGE else {}
    metadata = {name: stage[name] for name in SHOWN if name in stage}
    return by_reference(directory, type="model", metadata=metadata, files=shown, upload=upload)


def to_artifact(one: Ingredient) -> Any:
    """What a run used or made; our models show what `stage.json` says of them."""
    if one.kind == "model":
        return model_artifact(one.path)
    return by_reference(one.path, type=one.kind, name=one.name, metadata=one.metadata, files=one.files)


def use(run: Any, artifact: Any) -> None:
    """Note that a run uses an artifact.

    `use_artifact` refuses offline; what it does first is done here, so that `wandb sync` joins the two later.
    """
    # `_log_artifact` is private: seen in wandb 0.31; a test logs with the installed version.
    if getattr(run, "offline", False):
        run._log_artifact(artifact, aliases=[], is_user_created=True, use_after_commit=True)
    else:
        run.use_artifact(artifact)


def _allowed_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-")[-128:] or "unnamed"
