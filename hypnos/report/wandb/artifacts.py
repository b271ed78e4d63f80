"""What runs make and use, as artifacts at Weights & Biases: large files stay where they are."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hypnos.llm.redaction import redact
from hypnos.report.wandb.run import without_secrets

TOLD = ("name", "key", "base", "steps", "seconds", "device", "processes", "seed", "commit", "metrics", "parameters")
"""Of `stage.json`, what is shown beside a model; the whole file lies in the artifact."""


def by_reference(
    place: Path,
    *,
    type: str,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    files: Iterable[Path] = (),
    upload: bool = False,
) -> Any:
    """An artifact that says where files lie.

    The same place gives the same artifact in every run, and so joins the run that made it with those that use it.

    Args:
        place: a folder or a file; our folders are named by the key of what made them.
        type: `model`, `dataset`, `vocabulary`, `records`, `predictions`.
        name: None takes the folder's.
        metadata: what to show of it.
        files: small texts without records that are sent all the same.
        upload: send everything.
    """
    import wandb

    place = place.resolve()
    artifact = wandb.Artifact(_name(name or place.name), type=type, metadata=without_secrets(dict(metadata or {})))
    if upload:
        artifact.add_dir(str(place)) if place.is_dir() else artifact.add_file(str(place))
        return artifact
    # Without checksums: hashing the weights of a 7B model would take a minute, and the name holds the key already.
    artifact.add_reference(place.as_uri(), checksum=False)
    for file in files:
        with artifact.new_file(f"shown/{file.name}", encoding="utf-8") as stream:
            stream.write(redact(file.read_text("utf-8")))
    return artifact


def model_artifact(directory: Path, *, upload: bool = False) -> Any:
    """A stage, or any directory of weights."""
    shown = [file for file in (directory / "stage.json", directory / "README.md") if file.is_file()]
    told = json.loads(shown[0].read_text("utf-8")) if shown and shown[0].name == "stage.json" else {}
    metadata = {name: told[name] for name in TOLD if name in told}
    return by_reference(directory, type="model", metadata=metadata, files=shown, upload=upload)


def records_artifact(path: Path) -> Any:
    """Records as filter.py leaves them and train.py reads them: a file, or a folder."""
    place = path.resolve()
    return by_reference(place, type="records", name=f"{place.parent.name}-{place.stem}")


def use(run: Any, artifact: Any) -> None:
    """Note that a run uses an artifact.

    `use_artifact` refuses offline; what it does first is done here, so that `wandb sync` joins the two later.
    """
    if getattr(run, "offline", False):
        run._log_artifact(artifact, aliases=[], is_user_created=True, use_after_commit=True)
    else:
        run.use_artifact(artifact)


def _name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-")[-128:] or "unnamed"
