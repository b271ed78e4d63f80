"""Names the folder of each arm of a sweep, by the overrides that tell it from the others."""

import hashlib
import re
from collections.abc import Iterable, Sequence

PLACE_OVERRIDES = (
    *("paths.", "hydra.", "hydra/", "sweep", "logger", "wandb."),
    *("accelerator", "devices", "num_nodes", "strategy", "reference"),
)
"""Beginnings of overrides that say where an arm runs, and not what it is."""

QUESTION_OVERRIDES = ("objective", "benchmark", "tasks", "entries", "likelihood", "sampling", "thinking", "inference")
"""Beginnings of overrides that say what its last model is asked, and not what it is."""

LONGEST = 120
"""Characters of a folder's name, without the hash."""

MOST_BYTES = 240
"""Of the same: file systems take 255, and a Chinese character is three."""


def distinguishes(override: str) -> bool:
    """Whether an override tells one arm from another."""
    return not override.lstrip("+~").startswith((*PLACE_OVERRIDES, *QUESTION_OVERRIDES))


def name_arm(overrides: Sequence[str]) -> str:
    """A folder's name for an arm, such as `general_only__seed-1`: no sign in it means anything to a shell or a URL.

    Names that had to be shortened or changed end with a hash, so that two arms never share a folder.
    """
    return _name(shorten(override) for override in overrides if distinguishes(override))


def name_job(overrides: Sequence[str]) -> str:
    """As `name_arm`, for jobs of filter.py and evaluate.py: there whatever is asked tells one from another."""
    return _name(override for override in overrides if not override.lstrip("+~").startswith(("hydra.", "hydra/")))


def _name(parts: Iterable[str]) -> str:
    plain = "__".join(parts) or "default"
    name = re.sub(r"[^\w.-]+", "-", plain).strip("-.")
    if len(name) > LONGEST or len(name.encode()) > MOST_BYTES or name != plain.replace("=", "-"):
        short = name[:LONGEST].encode()[:MOST_BYTES].decode(errors="ignore")
        name = f"{short}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"
    return name


def shorten(override: str) -> str:
    """`experiment=mixed` is `mixed`, `stages.anesthesia.tuning.lr=1e-5` stays."""
    return override.removeprefix("experiment=")
