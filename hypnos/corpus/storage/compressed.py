"""Opens text files as they are, or compressed with gzip (`.jsonl.gz`) or Zstandard (`.jsonl.zst`), as a stream."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from hypnos.errors import UserError

COMPRESSED = (".gz", ".zst")

_SIGNS = {b"\x1f\x8b": ("gzip", ".gz"), b"\x28\xb5\x2f\xfd": ("Zstandard", ".zst"), b"PK\x03\x04": ("zip", "")}
"""How files begin that are compressed, whatever their names say."""


def kind_of(file: Path) -> str:
    """What the file's name ends with, without the ending of a compression: `.jsonl` of `a.jsonl.gz`."""
    return Path(file.stem).suffix.lower() if file.suffix.lower() in COMPRESSED else file.suffix.lower()


@contextmanager
def open_text(file: Path, encoding: str, *, newline: str | None = None) -> Iterator[IO[str]]:
    """Open a file's text.

    Raises:
        UserError: it is compressed in a way that its name does not say, or what is compressed is damaged.
    """
    with open_binary(file) as stream, io.TextIOWrapper(stream, encoding=encoding, newline=newline) as text:
        yield text


@contextmanager
def open_binary(file: Path) -> Iterator[Any]:
    """Open a file's bytes, decompressed. See `open_text`."""
    try:
        with _open(file) as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{file}: the compressed file is damaged or not whole: {error}") from error
    except OSError as error:
        if file.suffix.lower() != ".zst" or error.errno is not None:
            raise
        reason = str(error).splitlines()[0]
        raise UserError(f"{file}: the compressed file is damaged or not whole: {reason}") from error


@contextmanager
def _open(file: Path) -> Iterator[Any]:
    ending = file.suffix.lower()
    if ending == ".gz":
        with gzip.open(file, "rb") as stream:
            yield stream
    elif ending == ".zst":
        import pyarrow

        with pyarrow.OSFile(str(file)) as raw, pyarrow.CompressedInputStream(raw, "zstd") as stream:
            yield io.BufferedReader(cast(Any, _Raw(stream)))
    else:
        with file.open("rb") as stream:
            _refuse_unnamed(file, stream.peek(4))
            yield stream


class _Raw(io.RawIOBase):
    """A stream of pyarrow's as Python's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def _refuse_unnamed(file: Path, begin: bytes) -> None:
    for sign, (name, ending) in _SIGNS.items():
        if begin.startswith(sign):
            remedy = f"call it {file.name}{ending}" if ending else "unpack it"
            raise UserError(f"{file}: compressed with {name}: {remedy}")
