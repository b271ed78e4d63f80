"""Names of a sweep's arms: by what was asked for, and nothing else."""

import hashlib
import re
from collections.abc import Sequence

PLACES = ("paths.", "hydra.", "hydra/", "sweep", "logger", "wandb.", "accelerator", "devices", "strategy", "reference")
ASKED = ("objective", "benchmark", "tasks", "entries", "likelihood", "sampling", "inference")
"""Overrides that say where and on what an arm runs, and what its last model is asked, and not what it is."""

LONGEST = 120
"""Characters of a folder's name; file systems take 255 bytes."""


def counts(override: str) -> bool:
    """Whether an override tells one arm from another."""
    return not override.lstrip("+~").startswith((*PLACES, *ASKED))


def name_arm(overrides: Sequence[str]) -> str:
    """A folder's name for an arm, such as `general_only__seed-1`: no sign in it means anything to a shell or a URL.

    Names that had to be shortened or changed end with a hash, so that two arms never share a folder.
    """
    parts = [shorten(override) for override in overrides if counts(override)]
    plain = "__".join(parts) or "default"
    name = re.sub(r"[^\w.-]+", "-", plain).strip("-.")
    if len(name) > LONGEST or name != plain.replace("=", "-"):
        name = f"{name[:LONGEST]}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"
    return name


def shorten(override: str) -> str:
    """`experiment=mixed` is `mixed`, `stages.anesthesia.tuning.lr=1e-5` stays."""
    return override.removeprefix("experiment=")
