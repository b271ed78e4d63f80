"""Reads what a run left in its folder: which command it was, its settings, and the code that it ran."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hypnos.code_version import CODE
from hypnos.errors import UserError
from hypnos.experiment.run_folder import ARM, RESULTS
from hypnos.report.kept_results import QUESTIONS

Kind = Literal["train", "filter", "evaluate"]

OUTCOME = "outcome.json"
"""Where filter.py notes the folder of its records."""

_SIGNS: dict[Kind, str] = {"train": RESULTS, "filter": OUTCOME, "evaluate": QUESTIONS}
"""The file by which a finished run of each command is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A finished run.

    Attributes:
        folder: of the run.
        kind: its command.
        name: what its columns are headed.
        choices: files of `conf/` that were chosen, by group.
        settings: by dotted key, as they were composed; references to other keys are left as they are.
        code: commit and versions; nothing where an older run did not note them.
        started_in: the folder that relative paths are meant from.
    """

    folder: Path
    kind: Kind
    name: str
    choices: Mapping[str, str]
    settings: Mapping[str, Any]
    code: dict[str, Any]
    started_in: Path

    def locate(self, path: str) -> Path:
        """A folder that the run names, from wherever one looks."""
        return self.started_in / path


def read_finished_run(folder: Path, name: str) -> FinishedRun:
    """Read a run's folder.

    Raises:
        UserError: there is no finished run in it.
    """
    import yaml

    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    written = folder / ".hydra"
    try:
        settings = yaml.safe_load((written / "config.yaml").read_text("utf-8"))
        hydra = yaml.safe_load((written / "hydra.yaml").read_text("utf-8"))["hydra"]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise UserError(f"{folder}: no run of train.py, filter.py or evaluate.py: .hydra/config.yaml lacks") from error
    code = written / CODE
    return FinishedRun(
        folder=folder,
        kind=_kind_of(folder, str(hydra["job"]["name"])),
        name=name,
        choices={group: str(file) for group, file in hydra["runtime"]["choices"].items() if "hydra/" not in group},
        settings=dict(sorted(flatten(settings).items())),
        code=json.loads(code.read_text("utf-8")) if code.is_file() else {},
        started_in=Path(hydra["runtime"]["cwd"]),
    )


def flatten(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys; a list is one value."""
    if isinstance(settings, dict) and settings:
        below = (flatten(value, f"{prefix}.{key}" if prefix else str(key)) for key, value in settings.items())
        return {key: value for table in below for key, value in table.items()}
    return {prefix: settings}


def _kind_of(folder: Path, job: str) -> Kind:
    for kind, sign in _SIGNS.items():
        if kind == job and (folder / sign).is_file():
            return kind
    if job not in _SIGNS:
        raise UserError(f"{folder}: a run of {job}, not of train.py, filter.py or evaluate.py")
    if job == "evaluate" and (folder / "numbers.csv").is_file():
        raise UserError(f"{folder}: written before {QUESTIONS} was; the same evaluate.py again asks nothing anew")
    begun = "; it was begun and has no end yet" if job == "train" and (folder / ARM).is_file() else ""
    raise UserError(f"{folder}: no {_SIGNS[job]}: not a finished run of {job}.py{begun}")  # type: ignore[index]
