"""Lists the files at an address, each with what tells its content apart from any other."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from hypnos.corpus.storage.connection import WEB, open_storage, scheme_of, shown_address, storage_errors

CHECKSUMS = ("md5Hash", "content_md5", "Content-MD5", "Digest")
"""What storages call a checksum of a file's bytes, wherever it lies."""

VERSIONS = ("ETag", "etag", "generation", "blob_id")
"""What they call a mark that changes with the file at an address; at another address it may be another file's."""

_MD5 = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a storage as it was when it was listed.

    Attributes:
        root: the address that was asked for, which opens the storage.
        place: where it is in the storage.
        folder: the address that it lies in, as it may be shown.
        name: its own name.
        below: its name with the folders below the address that was asked for.
        size: in bytes; None where the storage does not say.
        stated: what the storage says of its content; None where it says nothing that can be relied on.
    """

    root: str
    place: str
    folder: str
    name: str
    below: str
    size: int | None
    stated: str | None

    @property
    def address(self) -> str:
        """As it may be shown."""
        return f"{self.folder}/{self.name}"


@cache
def list_remote(address: str) -> tuple[RemoteFile, ...]:
    """The files at an address: itself, or all below it but hidden ones, in the order of their names.

    They are looked for once in a process: whatever a command makes is made of one state.

    Raises:
        UserError: nothing is there, or the storage does not let one in.
    """
    storage, root = open_storage(address)
    with storage_errors(address):
        storage.invalidate_cache()
        if not (scheme_of(address) in WEB and _is_page(root)):
            entry = storage.info(root)
            if entry["type"] != "directory":
                return (_file(address, root, entry, below=None),)
        root = root.rstrip("/")
        entries = list(_files_below(storage, root))
        if scheme_of(address) in WEB:  # a page of links says nothing else about them
            entries = [storage.info(entry["name"]) for entry in entries]
    files = (_file(address, e["name"], e, below=e["name"].removeprefix(f"{root}/")) for e in entries)
    return tuple(sorted(files, key=lambda file: PurePosixPath(file.below)))


def _files_below(storage: Any, folder: str) -> Iterator[Mapping[str, Any]]:
    """What a storage lists below a folder; its own walk would pass over parts that do not come."""
    for entry in storage.ls(folder, detail=True):
        place = entry["name"].rstrip("/")
        name = place.removeprefix(f"{folder}/")
        # A folder may list itself; links with a question mark sort their page anew.
        if place == folder or name.startswith(".") or (scheme_of(place) in WEB and "?" in name):
            continue
        if entry["type"] == "directory":
            yield from _files_below(storage, place)
        elif not entry["name"].endswith("/"):
            yield entry


def _is_page(place: str) -> bool:
    """Whether an address of the web, which knows no folders, is that of a page of links."""
    path = urlsplit(place).path
    return path.endswith("/") or not PurePosixPath(path).suffix


def _file(address: str, place: str, entry: Mapping[str, Any], *, below: str | None) -> RemoteFile:
    """A file of what a storage says of it; `below` is None for the file that was asked for itself."""
    folder = shown_address(address).rstrip("/")
    if below is None:
        folder, _, below = folder.rpartition("/")
    below = unquote(below) if scheme_of(address) in WEB else below
    *between, name = PurePosixPath(below).parts
    folder = "/".join([folder, *between])
    size = None if entry.get("size") is None else int(entry["size"])
    stated = stated_content(entry, scheme_of(address), f"{folder}/{name}")
    return RemoteFile(address, place, folder, name, below, size, stated)


def stated_content(entry: Mapping[str, Any], scheme: str, address: str) -> str | None:
    """What a storage says of a file's content, in one form whether it was listed or asked about alone.

    A checksum stands for the bytes, wherever they lie: so does the ETag of a file that was stored in one part. Another
    mark stands for them at this address only. A time of change is none: many storages count whole seconds.
    """
    for name in CHECKSUMS:
        if entry.get(name):
            return f"{name} {entry[name]}"
    for name in VERSIONS:
        if entry.get(name):
            mark = str(entry[name]).strip('"')
            return f"md5 {mark.lower()}" if scheme not in WEB and _MD5.fullmatch(mark) else f"{name} {mark} {address}"
    return None
