"""Reads what was written down before the figures."""

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "settings"


def read_settings(name: str) -> dict[str, Any]:
    """The settings of a part of the study, by the name of its file."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
