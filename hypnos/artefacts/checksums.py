"""Keeps a checksum of every file of an artefact, so that an edited file and a flipped bit are noticed on reuse.

XXH3 runs as fast as a disk reads; it tells damage apart, and is no defence against someone who means to deceive.
"""

import json
from functools import lru_cache
from pathlib import Path

import xxhash

from hypnos.artefacts.keys import visible_files
from hypnos.errors import UserError

CHECKSUMS = "checksums.json"
BLOCK = 1 << 18
"""Bytes read at once: few enough to be in the processor's cache still when they are hashed."""


def write_checksums(folder: Path) -> None:
    """Write down what every file of a folder holds."""
    sums = {name: _sum(folder / name) for name in _names(folder)}
    (folder / CHECKSUMS).write_text(json.dumps(sums, ensure_ascii=False, indent=1), "utf-8")


def check_files(folder: Path) -> None:
    """Compare a folder's files with what was written down; a folder of an earlier version has nothing to compare with.

    Raises:
        UserError: a file changed, is gone, or cannot be read.
    """
    file = folder / CHECKSUMS
    if not file.is_file():
        return
    try:
        written = json.loads(file.read_text("utf-8"))
        lines = [(name, str(written[name])) for name in written]
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{file}: cannot be read; {_remedy(folder)}") from error
    for name, was in lines:
        path = folder / name
        try:
            stat = path.stat()
            now = _sum_once(path, stat.st_size, stat.st_mtime_ns)
        except OSError as error:
            raise UserError(f"{path}: {error.strerror or error}; {_remedy(folder)}") from error
        if now != was:
            raise UserError(f"{path}: changed since it was written: {was} then, {now} now; {_remedy(folder)}")


def _remedy(folder: Path) -> str:
    return f"remove the folder {folder.name}, and it is made anew"


def _names(folder: Path) -> list[str]:
    return [name for path in visible_files(folder) if (name := str(path.relative_to(folder))) != CHECKSUMS]


@lru_cache(maxsize=1024)
def _sum_once(path: Path, size: int, changed_ns: int) -> str:
    """Once in a process, as long as size and time of change stay the same."""
    return _sum(path)


def _sum(path: Path) -> str:
    digest = xxhash.xxh3_64()
    block = memoryview(bytearray(BLOCK))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(block):
            digest.update(block[:count])
    return digest.hexdigest()
