"""Hashes plain values, files and folders: an artefact is named by what made it, so that what exists is reused."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from hypnos.errors import UserError


def content_key(parts: Mapping[str, Any]) -> str:
    """Hash plain values (numbers, strings, lists, dicts) in a canonical form.

    Two mappings that differ only in the order of their keys have the same key.

    Returns:
        64 hexadecimal digits.
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def file_key(path: Path) -> str:
    """Hash a file's bytes, or for a folder every file below it with its relative name.

    Raises:
        UserError: nothing is there, or it cannot be read.
    """
    try:
        if path.is_dir():
            return content_key({str(p.relative_to(path)): file_key(p) for p in visible_files(path)})
        stat = path.stat()
        return _hash_file(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error


def visible_files(folder: Path) -> list[Path]:
    """The files below a folder by name, without hidden ones: a download cache or a lock is not content."""
    below = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in below if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


@lru_cache(maxsize=1024)
def _hash_file(path: Path, size: int, changed_ns: int) -> str:
    """Hash a file once in a process, as long as its size and time of change stay the same."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
