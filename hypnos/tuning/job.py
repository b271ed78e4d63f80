"""Holds what a stage is made from, and what of it counts in the stage's key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.artefacts.keys import content_key

Build = Callable[..., Any]
"""Makes an object from a plain dict with a `_target_`, and further arguments."""

VERSION = 2
"""Raised when code of this package changes what a stage's settings give."""

UNCOUNTED = {
    "trainer": {
        *("accelerator", "devices", "num_nodes", "strategy", "logger", "callbacks", "default_root_dir"),
        *("log_every_n_steps", "enable_progress_bar", "enable_model_summary"),
    },
    "callbacks": {"progress", "answers", "checkpoint", "heldout"},
}
"""Settings that do not change what a stage learns; everything else is part of its key."""


def counted(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a stage that decide its result, but for its data, which have a key of their own."""
    kept = {
        part: {name: value for name, value in values.items() if name not in UNCOUNTED.get(part, ())}
        for part, values in settings.items()
        if part in ("tuning", "trainer", "callbacks")
    }
    return {part: _one_form(values) if part == "tuning" else values for part, values in kept.items()}


def _one_form(settings: Mapping[str, Any]) -> dict[str, Any]:
    """32 and 32.0 are one number of a tuning, and 0 and 0.0: written as files of conf/ and users have written them.

    A trainer tells them apart: 1 of its batches, or all of them.
    """
    return {name: _written(value) for name, value in settings.items()}


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _one_form(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        return value
    return int(value) if value else 0.0


def stage_key(settings: Mapping[str, Any], *, parent_key: str, data: Mapping[str, Any], seed: int) -> str:
    """The key of a stage.

    Args:
        settings: its `data`, `tuning`, `trainer` and `callbacks`, plain.
        parent_key: of the model it starts from.
        data: `InstructionData.key` of its data.
        seed: of initial adapters and dropout.
    """
    inputs = {"parent": parent_key, "data": content_key(data), "seed": seed}
    return content_key({"version": VERSION, **inputs, **counted(settings)})


@dataclass(frozen=True, slots=True, kw_only=True)
class StageJob:
    """Everything that one stage is trained from, known before it begins.

    Attributes:
        name: of the stage.
        key: of the stage; written into its checkpoints, so that none is taken for another stage's.
        seed: of initial adapters and dropout.
        settings: its `data`, `tuning`, `trainer` and `callbacks`, plain.
        parent: directory of the model to start from.
        parent_key: its key.
        lineage: keys of all that came before, by name.
        base: the base's path or name, for the card.
        tokenizer: directory of the run's tokenizer.
        dtype: of the exported weights.
        output: folder of the run's logs.
    """

    name: str
    key: str
    seed: int
    settings: Mapping[str, Any]
    parent: Path
    parent_key: str
    lineage: Mapping[str, str]
    base: str
    tokenizer: Path
    dtype: str
    output: Path
