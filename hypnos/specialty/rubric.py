"""Reads the indicators that people rate and the severe errors they tick from a specialty's rubric."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from hypnos.errors import UserError
from hypnos.specialty.folder import Specialty

LOW, HIGH = 0, 10
"""Ends of every scale, as of the aspects (paper, Fig. 2, step 3): raters and judge can be compared."""

KINDS = ("question", "reading")
"""Kinds of questions that people rate; choice questions have a right answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A scale from 0 to 10 that a rater fills in for an answer.

    Attributes:
        key: stands in files; where an aspect has the same key, judge and raters are compared.
        name: what a rater sees.
        low: what 0 means.
        high: what 10 means.
        lower_is_better: its direction, printed beside the scale.
        turned: its name in tables once turned round, where lower is better.
        kinds: the kinds of questions it is asked on.
    """

    key: str
    name: str
    low: str
    high: str
    lower_is_better: bool = False
    turned: str = ""
    kinds: tuple[str, ...] = KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Severe:
    """An error that a rater ticks: its key, its name and what it holds."""

    key: str
    name: str
    holds: str


def read_indicators(specialty: Specialty) -> tuple[Indicator, ...]:
    """The section `indicators` of the rubric.

    Raises:
        UserError: it is missing, or an entry is wrong; the message names it.
    """
    return tuple(
        Indicator(**{**entry, "kinds": _kinds(specialty, entry)})
        for entry in _entries(specialty, "indicators", Indicator)
    )


def read_severe(specialty: Specialty) -> tuple[Severe, ...]:
    """The section `severe` of the rubric; empty where there is none."""
    return tuple(Severe(**entry) for entry in _entries(specialty, "severe", Severe, required=False))


def _entries(specialty: Specialty, section: str, kind: Any, *, required: bool = True) -> list[Mapping[str, Any]]:
    where = f"{specialty.folder}/rubric.yaml: {section}"
    entries = specialty.rubric.get(section) or []
    if not isinstance(entries, list) or (required and not entries):
        raise UserError(f"{where}: needs a list with at least one entry")
    known = {field.name for field in fields(kind)}
    needed = {"key", "name", "low", "high"} & known | {"holds"} & known
    seen: set[str] = set()
    for at, entry in enumerate(entries):
        keys = set(entry) if isinstance(entry, dict) else set()
        for fault, names in (("lacks", needed - keys), ("does not know", keys - known)):
            if names:
                raise UserError(f"{where}[{at}]: {fault} {', '.join(sorted(names))}")
        if entry["key"] in seen:
            raise UserError(f"{where}: the key {entry['key']} stands twice")
        seen.add(entry["key"])
    return entries


def _kinds(specialty: Specialty, entry: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = tuple(entry.get("kinds", KINDS) or ())
    if not kinds or set(kinds) - set(KINDS):
        raise UserError(f"{specialty.folder}/rubric.yaml: indicators: {entry['key']}: kinds are {', '.join(KINDS)}")
    return kinds
