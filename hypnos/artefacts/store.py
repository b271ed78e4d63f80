"""Makes an artefact once, aside, so that it appears whole or not at all."""

import errno
import logging
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from hypnos.artefacts.checksums import check_files, write_checksums
from hypnos.errors import Interrupted, UserError, is_disk_full

log = logging.getLogger(__name__)

SHORT = 16
"""Hexadecimal digits of a key in a folder's name: 64 bits, ample for one lab's artefacts."""


def artefact_folder(root: Path, name: str, key: str) -> Path:
    """Name the folder of an artefact: `root/name-<first digits of its key>`."""
    return root / f"{name}-{key[:SHORT]}"


def make_once(
    directory: Path,
    write: Callable[[Path], None],
    *,
    keep_partial: bool = False,
    sealed: bool = False,
    sound: Callable[[Path], bool] | None = None,
) -> bool:
    """Make an artefact's folder unless it exists.

    `write` fills a folder beside the final one, which is renamed when `write` returns. A second process that
    wants the same artefact waits for the first and then reuses it.

    Args:
        directory: where the artefact shall stand.
        write: fills the folder it is given.
        keep_partial: what a broken run left is handed to the next `write` as it was, so that training goes on
            from its checkpoints; otherwise it is removed.
        sealed: keep checksums of its files, and compare with them when it is reused.
        sound: whether what stands there is what it should be; where it is not, it is removed and made again.

    Returns:
        Whether it was made now.

    Raises:
        UserError: the disk is full, or a file of a sealed artefact changed since it was written.
    """
    if directory.is_dir() and (sound is None or sound(directory)):
        if sealed:
            check_files(directory)
        return False
    made = _make(directory, write, keep_partial=keep_partial, sealed=sealed, sound=sound)
    if sealed and not made:
        check_files(directory)
    return made


def _make(
    directory: Path,
    write: Callable[[Path], None],
    *,
    keep_partial: bool,
    sealed: bool,
    sound: Callable[[Path], bool] | None,
) -> bool:
    partial = partial_of(directory)
    with disk_errors(directory.parent):
        directory.parent.mkdir(parents=True, exist_ok=True)
        with _locked(directory):
            if directory.is_dir():
                if sound is None or sound(directory):
                    return False
                log.warning(
                    "%s: made again: an earlier version kept failed requests or damaged text",
                    directory,
                )
                shutil.rmtree(directory)
            if not keep_partial:
                shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(exist_ok=True)
            try:
                write(partial)
                share_files(partial)
                if sealed:
                    write_checksums(partial)
                partial.rename(directory)
            except BaseException:
                if not keep_partial:
                    shutil.rmtree(partial, ignore_errors=True)
                raise
    return True


def share_files(folder: Path) -> None:
    """Let all read a folder's files who may read the folder: libraries write weights for their owner alone."""
    usual = folder.stat().st_mode & 0o666
    for file in folder.rglob("*"):
        mode = file.lstat().st_mode
        if stat.S_ISREG(mode) and mode | usual != mode:
            with suppress(PermissionError):  # another user's, from a run that was broken off
                file.chmod(stat.S_IMODE(mode) | usual)


def join_making(directory: Path, write: Callable[[Path], None], *, led: Callable[[Path], bool]) -> None:
    """Take part in making an artefact that another process of the same run leads.

    Ranks beside the first take no lock and rename nothing: they do their share of `write` in the folder the
    first one fills, and go on when it has become the artefact. While another run makes it, they wait as their
    first one does.

    Args:
        directory: where the artefact shall stand.
        write: does this process's share in the folder it is given.
        led: tells of a folder whether it is this run that fills it.

    Raises:
        Interrupted: the process that led has ended without it.
    """
    leader, joined = os.getppid(), False
    while not directory.is_dir():
        if os.getppid() != leader:
            raise Interrupted(f"{directory}: the process that was making it has ended")
        if not joined and led(partial_of(directory)):
            write(partial_of(directory))
            joined = True
        else:
            time.sleep(0.2)


def partial_of(directory: Path) -> Path:
    """The folder in which an artefact is made before it gets its name."""
    return directory.with_name(f".{directory.name}.partial")


@contextmanager
def disk_errors(directory: Path) -> Iterator[None]:
    """Turn a full or read-only disk, found inside the block, into one line that names the folder.

    Raises:
        UserError: instead of what the library that was writing made of it.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if is_disk_full(error) or (directory.is_dir() and shutil.disk_usage(directory).free < 1 << 20):
            raise UserError(f"{directory}: no space left on the disk") from error
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            file = Path(error.filename or directory)
            verb = "read" if file.is_file() and not os.access(file, os.R_OK) else "written"
            raise UserError(f"{file}: cannot be {verb} ({error.strerror})") from error
        raise


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    lock = FileLock(directory.with_name(f".{directory.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("waiting for another process that is making %s", directory)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
