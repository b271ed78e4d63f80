"""Reads the files of a specialty's folder, and names file and key where one is missing or wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import orjson
import yaml

from hypnos.errors import UserError

T = TypeVar("T")


def read_part(file: Path) -> str:
    """The text of a file.

    Raises:
        UserError: it is missing or no UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise UserError(f"{file}: this part of the specialty cannot be read: {reason}") from error


def read_yaml(file: Path) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Raises:
        UserError: it is missing, or none.
    """
    try:
        content = yaml.safe_load(read_part(file))
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise UserError(f"{file}: needs keys and values")
    return content


def read_entries(file: Path, key: str, entries: Any, make: Callable[..., T]) -> tuple[T, ...]:
    """Make an object of each entry of a list.

    Raises:
        UserError: no list, a field is missing or unknown, or two entries share a key; names file, key and position.
    """
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{file}: {key}: needs a list with at least one entry")
    built = []
    for at, entry in enumerate(entries):
        try:
            built.append(make(**entry))
        except TypeError as error:
            reason = str(error).partition("__init__() ")[2] or error
            raise UserError(f"{file}: {key}[{at}]: {reason}") from error
    keys = [getattr(entry, "key", at) for at, entry in enumerate(built)]
    if len(set(keys)) < len(keys):
        raise UserError(f"{file}: {key}: the key {next(k for k in keys if keys.count(k) > 1)} stands twice")
    return tuple(built)


def read_pairs(file: Path, key: str, pairs: Any) -> list[tuple[str, str]]:
    """Pairs of names.

    Raises:
        UserError: one is no pair.
    """
    checked = []
    for pair in pairs or ():
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(name, str) for name in pair)):
            raise UserError(f"{file}: {key}: {pair!r} is not a pair of names")
        checked.append((pair[0], pair[1]))
    return checked


def read_names(file: Path, key: str, names: Any) -> dict[str, str]:
    """A name for each of some other names.

    Raises:
        UserError: they are no mapping of names to names.
    """
    if not isinstance(names or {}, dict):
        raise UserError(f"{file}: {key}: needs names, each with what it stands for")
    for name, other in (names or {}).items():
        if not (isinstance(name, str) and isinstance(other, str)):
            raise UserError(f"{file}: {key}: {name!r}: {other!r} is not a name")
    return dict(names or {})


def read_lines(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a JSON Lines file, each with the number of its line.

    Raises:
        UserError: it is missing or empty, or a line is no JSON.
    """
    rows = []
    for number, line in enumerate(read_part(file).splitlines(), 1):
        if line.strip():
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise UserError(f"{file}:{number}: not JSON: {error}") from error
            if not isinstance(row, dict):
                raise UserError(f"{file}:{number}: needs an object, not {type(row).__name__}")
            rows.append((number, row))
    if not rows:
        raise UserError(f"{file}: no lines in this file")
    return rows
