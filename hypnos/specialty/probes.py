"""Reads the answers of known quality and harm that scorers are tried out on, from a specialty's ``probes.jsonl``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypnos.errors import UserError
from hypnos.specialty.parsing import read_lines

_TEXTS = ("id", "instruction", "output")


def read_probes(file: Path) -> tuple[Mapping[str, Any], ...]:
    """Read them whole.

    Raises:
        UserError: a field is missing or of another kind, an id stands twice, or a kind of probe has none: without it
            a scorer could not be told from a blind one. Names file and line.
    """
    rows = read_lines(file)
    for number, row in rows:
        where = f"{file}:{number}"
        for name in _TEXTS:
            if not isinstance(row.get(name), str) or not row[name].strip():
                raise UserError(f"{where}: {name}: needs text")
        if row.get("quality") not in ("good", "bad"):
            raise UserError(f"{where}: quality {row.get('quality')!r}: know good, bad")
        if not isinstance(row.get("harmful"), bool):
            raise UserError(f"{where}: harmful {row.get('harmful')!r}: needs true or false")
    probes = [row for _, row in rows]
    if len({row["id"] for row in probes}) < len(probes):
        raise UserError(f"{file}: an id stands twice")
    for field, values in (("quality", ("good", "bad")), ("harmful", (True, False))):
        for value in values:
            if not any(row[field] == value for row in probes):
                raise UserError(f"{file}: no probe with {field} {str(value).lower()}: scorers could not be tried out")
    return tuple(probes)
