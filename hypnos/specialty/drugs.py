"""Reads drugs and the plausible ranges of their doses from a specialty's ``doses.yaml``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hypnos.errors import UserError
from hypnos.specialty.units import parse_unit

_ROUNDING = 1.01  # "67 μg/kg/min" is written for 4 mg/kg/h


@dataclass(frozen=True, slots=True)
class Window:
    """A plausible range of one use, in the unit that `parse_unit` returns; `low` 0 makes `high` a ceiling."""

    use: str
    low: float
    high: float
    unit: str


@dataclass(frozen=True, slots=True)
class Drug:
    """A generic name, its other names and its windows; without windows it only keeps longer names whole."""

    name: str
    aliases: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()


def read_windows(path: Path) -> tuple[Drug, ...]:
    """Reads a ``doses.yaml``; names of its `other_names` come as drugs without windows.

    Raises:
        UserError: the file is missing, is not YAML, or an entry is wrong; the message names file and key.
    """
    drugs: list[Drug] = []
    seen: set[str] = set()
    key = "drugs"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name in ("drugs", "other_names"):
            if not isinstance(content.get(name, ()), list | tuple):
                raise TypeError(f"{name}: needs a list, [] for a specialty without drugs")
        entries = [*content["drugs"], *({"name": name} for name in content.get("other_names", ()))]
        for at, entry in enumerate(entries):
            key = str(entry.get("name", f"drugs[{at}].name"))
            drugs.append(_read_drug(**entry))
            for name in (drugs[-1].name, *drugs[-1].aliases):
                if name in seen:
                    raise ValueError(f"the name {name} stands twice")
                seen.add(name)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: {key}: {' '.join(str(error).split())}") from error
    return tuple(drugs)


def _read_drug(*, name: str, aliases: Sequence[str] = (), windows: Sequence[dict[str, Any]] = ()) -> Drug:
    if not isinstance(name, str):
        raise TypeError(f"name: not text: {name!r}")
    if not isinstance(aliases, list | tuple):
        raise TypeError(f"aliases: not a list: {aliases!r}")
    read: list[Window] = []
    for at, entry in enumerate(windows):
        try:
            read.extend(_read_window(**entry))
        except (TypeError, ValueError) as error:
            raise ValueError(f"windows[{at}]: {error}") from error
    return Drug(name, tuple(aliases), tuple(read))


def _read_window(*, use: str, low: float, high: float, unit: str, max_total: str | None = None) -> Iterator[Window]:
    """Yields the window and, for `max_total`, a ceiling of its own."""
    parsed, factor = parse_unit(unit)
    if not 0 <= float(low) <= float(high) or not high:
        raise ValueError(f"{use}: low {low}, high {high}: needs 0 <= low <= high, high above 0")
    yield Window(use, low * factor, high * factor, parsed)
    if max_total is not None:
        value, _, unit = str(max_total).partition(" ")
        if not unit:
            raise ValueError(f"max_total: {max_total}: needs an amount, a space and a unit")
        parsed, factor = parse_unit(unit)
        yield Window(f"{use}, max_total", 0.0, float(value) * factor, parsed)


def beyond(value: float, window: Window, slack: float) -> int:
    """Returns 0, 1 or 2 for "ok", "warn", "fault".

    Above, tenfold counts from the lower edge: 20 mg/kg, for 2 of a window of 1 to 2.5, is only eight times
    the upper edge. Fourfold keeps a window that is itself tenfold wide apart from its faults. Below, tenfold
    counts from the edge, because small repeated doses are common.
    """
    low, high = window.low / _ROUNDING, window.high * _ROUNDING
    if low / slack <= value <= high * (slack if low else 1.0):
        return 0
    return 2 if value <= window.low * _ROUNDING / 10 or value >= max(10 * low, 4 * window.high) else 1
