"""Finds the settings in which two runs differ."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypnos.experiment.two_runs.folder import FinishedRun

ABSENT = "(absent)"

LONGEST = 60
"""Characters of a value that are shown."""


def differing_choices(first: FinishedRun, second: FinishedRun) -> list[tuple[str, str, str]]:
    """Groups of `conf/` of which the two chose other files."""
    return [(key, show(a), show(b)) for key, a, b in differences(first.choices, second.choices)]


def differing_settings(first: FinishedRun, second: FinishedRun) -> list[tuple[str, str, str]]:
    """Keys whose values are not the same, with both values."""
    return [(key, show(a), show(b)) for key, a, b in differences(first.settings, second.settings)]


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yields keys with values that differ; `ABSENT` where one lacks the key."""
    for key in dict.fromkeys((*first, *second)):
        a, b = first.get(key, ABSENT), second.get(key, ABSENT)
        if a != b or isinstance(a, bool) != isinstance(b, bool):
            yield key, a, b


def show(value: Any) -> str:
    """A value on one line, the middle of a long one left out."""
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    text = " ".join(text.split())
    half = LONGEST // 2 - 1
    return text if len(text) <= LONGEST else f"{text[:half]} … {text[-half:]}"
