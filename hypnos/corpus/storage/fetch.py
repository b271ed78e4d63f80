"""Fetches files of a storage for as long as they are read, and refuses those that changed since they were listed."""

import hashlib
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hypnos.artefacts.keys import content_key
from hypnos.corpus.storage.connection import open_storage, scheme_of, shown_address, storage_errors
from hypnos.corpus.storage.remote_files import RemoteFile, stated_content
from hypnos.errors import UserError, is_disk_full

log = logging.getLogger(__name__)

TRIES = 3
"""Times that a file is fetched whose connection is cut; a driver may try more often by itself."""

PAUSE = 2.0
"""Seconds between them."""

_digests: dict[RemoteFile, str] = {}
"""Checksums of files whose storage states none, as they were first fetched in this process."""


def remote_key(files: Sequence[RemoteFile]) -> str:
    """Hash the content of files and their names, as the storage states it; else they are fetched and read.

    One file counts by its content alone.

    Raises:
        UserError: the storage does not give them.
    """
    content = {file.below: file.stated or _digest(file) for file in files}
    return content_key(content if len(files) > 1 else {"": next(iter(content.values()))})


def _digest(file: RemoteFile) -> str:
    if file not in _digests:
        with fetched([file]):
            pass
    return f"sha256 {_digests[file]}"


@contextmanager
def fetched(files: Sequence[RemoteFile]) -> Iterator[Path]:
    """A folder with copies of a few files, whole and under their own names, for as long as the block runs.

    Raises:
        UserError: the storage does not give one, or it is another one than was listed.
    """
    with tempfile.TemporaryDirectory(prefix="hypnos-") as folder:
        for file in files:
            copy = Path(folder) / file.name
            with storage_errors(file.address):
                _fetch(file, copy)
            _refuse_changed(file, copy)
        yield Path(folder)


def _fetch(file: RemoteFile, copy: Path) -> None:
    storage, _ = open_storage(file.root)
    for left in reversed(range(TRIES)):
        try:
            storage.get_file(file.place, str(copy))
            return
        except (FileNotFoundError, PermissionError):
            raise
        except Exception as error:
            if not left or is_disk_full(error):
                raise
            said = shown_address(" ".join(str(error).split())) or type(error).__name__
            log.info("%s: fetched once more: %s", file.address, said[:200])
            time.sleep(PAUSE)


def _refuse_changed(file: RemoteFile, copy: Path) -> None:
    """Compare the storage's mark after the copy was made: a driver that goes on after a cut may mix two states."""
    changed = f"{file.address}: changed while this command ran; the same command begins with it as it is now"
    if file.size is not None and copy.stat().st_size != file.size:
        raise UserError(f"{changed} ({copy.stat().st_size:,} bytes, {file.size:,} before)")
    if file.stated:
        storage, _ = open_storage(file.root)
        with storage_errors(file.address):
            storage.invalidate_cache()
            now = stated_content(storage.info(file.place), scheme_of(file.root), file.address)
        if now != file.stated:
            raise UserError(changed)
        return
    with copy.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if _digests.setdefault(file, digest) != digest:
        raise UserError(changed)
