"""Opens a storage by its address, and says on one line what is wrong where it gives nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypnos.artefacts.hub import first_line
from hypnos.errors import UserError, is_disk_full

HERE = ("", "file", "local")
"""Schemes of what lies on this machine; the first is that of a plain path."""

WEB = ("http", "https")

WAITS = {"sock_connect": 30, "sock_read": 60}
"""Seconds that a web server may say nothing; a file itself may take as long as it takes."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+)://")
_SECRETS = re.compile(r"(?<=://)[^/@\s]*@|(?<=\w)\?[^\s'\")]*")
"""What stands before the host, and after a question mark: signatures lie there."""


def scheme_of(path: str) -> str:
    """The scheme of an address, `s3` of `s3://bucket/prefix`; nothing for a path of this machine."""
    match = _SCHEME.match(path)
    return match[1].lower() if match else ""


def is_remote(path: str) -> bool:
    """Whether a path is an address of a storage, and no file or folder here."""
    return scheme_of(path) not in HERE


def local_path(path: str) -> Path:
    """A path of this machine, which may be written `file:///data/pairs.jsonl`."""
    return Path(_SCHEME.sub("", path, count=1) if scheme_of(path) else path)


def shown_address(address: str) -> str:
    """An address as files and messages have it: without what lets one in."""
    return _SECRETS.sub("", address)


def open_storage(address: str) -> tuple[Any, str]:
    """The file system of an address by fsspec, and the place in it.

    Credentials and endpoints come from the environment, as the storage's own tools read them, or fsspec's settings.

    Raises:
        UserError: the scheme is unknown, its driver is not installed, or the address holds a password.
    """
    import fsspec

    scheme = scheme_of(address)
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise UserError(f"{shown_address(address)}: an address must hold no user and password: fsspec's settings may")
    if scheme not in fsspec.available_protocols():
        raise UserError(f"{shown_address(address)}: fsspec knows no {scheme}:// (but s3, gs, oss, https and others)")
    with storage_errors(address):
        return fsspec.core.url_to_fs(address, **(_web_settings(scheme) if scheme in WEB else {}))


def _web_settings(scheme: str) -> dict[str, Any]:
    """Bytes as the server keeps them, and no end to how long a large file may take."""
    import aiohttp
    import fsspec

    own = fsspec.config.conf.get(scheme, {}).get("client_kwargs", {})
    ours = {"timeout": aiohttp.ClientTimeout(total=None, **WAITS), "trust_env": True, "auto_decompress": False}
    return {"client_kwargs": ours | own | {"headers": {"Accept-Encoding": "identity"} | own.get("headers", {})}}


@contextmanager
def storage_errors(address: str) -> Iterator[None]:
    """Turn what a driver raises inside the block into one line.

    Raises:
        UserError: in the place of anything but a full disk.
    """
    try:
        yield
    except UserError:
        raise
    except ImportError as error:
        raise UserError(f"{shown_address(address)}: {_missing_driver(scheme_of(address), error)}") from error
    except Exception as error:  # each driver has errors of its own, without a common type
        if is_disk_full(error):
            raise
        raise UserError(f"{shown_address(address)}: {_reason(error)}") from error


def _missing_driver(scheme: str, error: ImportError) -> str:
    if scheme in ("s3", "s3a"):
        return f"{scheme}:// needs s3fs: pip install -e '.[storage]'"
    return f"{scheme}:// needs a driver: {shown_address(' '.join(str(error).split()))}"


def _reason(error: Exception) -> str:
    """What a driver says; the web's hides it behind a file that is not found."""
    cause = error.__cause__ if isinstance(error, FileNotFoundError) else None
    said = shown_address(" ".join(first_line(cause if isinstance(cause, Exception) else error).split()))
    if isinstance(error, FileNotFoundError) and cause is None:
        return f"nothing is there ({said})"
    return f"access is refused ({said})" if isinstance(error, PermissionError) else f"cannot be read: {said}"
