"""Says which code a process runs: the repository's commit, and the versions of the libraries that decide results."""

import json
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from hypnos import __version__

PACKAGES = ("torch", "transformers", "peft", "pytorch-lightning", "tokenizers", "sentencepiece", "datasets")

CODE = "code.json"
"""Where a run notes its code, beside the settings that Hydra keeps there."""


@cache
def code_version() -> dict[str, str | None]:
    """The commit and the versions that this process runs."""
    return {"commit": read_commit(), **read_versions()}


def note_code(folder: Path) -> None:
    """Write `code.json` into the folder of a run's settings, whole or not at all; nothing where there is no such."""
    if folder.is_dir():
        partial = folder / f".{CODE}.partial"
        partial.write_text(json.dumps(code_version(), indent=1), "utf-8")
        partial.replace(folder / CODE)


def read_versions() -> dict[str, str]:
    """The versions of Hypnos, Python and libraries."""
    own = {"hypnos": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in PACKAGES}


def read_commit() -> str | None:
    """The repository's commit, marked where files differ from it; None outside one."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
