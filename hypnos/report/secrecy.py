"""Marks out what is or looks like a secret before anything is shown elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypnos.llm.redaction import redact


def without_secrets(value: Any) -> Any:
    """Plain values with a mark in place of everything that is or looks like a secret, in keys and in values."""
    if isinstance(value, Mapping):
        return {redact(str(key)): without_secrets(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(part) for part in value]
    return redact(str(value)) if isinstance(value, str | Path) else value
