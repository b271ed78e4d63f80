"""Reads the records of a source and keeps a share of their groups out of training."""

import codecs
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from hypnos.artefacts.hub import on_hub
from hypnos.artefacts.keys import content_key
from hypnos.artefacts.ranges import Count, Encoding, Range, Share
from hypnos.corpus.files import file_sizes, list_files, path_key, read_rows
from hypnos.corpus.formats import Malformed
from hypnos.corpus.records import Record, Rejections, Unusable
from hypnos.corpus.shapes import to_records
from hypnos.corpus.storage.connection import is_remote, local_path
from hypnos.corpus.turns.left_out import Note
from hypnos.corpus.turns.traces import traces_of
from hypnos.errors import UserError

GENERAL = "general"
"""Name of the general source, of its held-out set and of the stage trained on it, as conf/ gives it."""

SPECIFIC = "anesthesia"
"""Name of the specialty's source, of its held-out set and of the stage trained on it, as conf/ gives it."""

EARLY = 10_000
"""Rows after which a source that is mostly unusable stops the run instead of being read to its end."""


@dataclass(frozen=True, slots=True)
class Source:
    """Records of one file, folder or Hugging Face set, here or in a storage.

    Attributes:
        path: see `hypnos.corpus.files.read_rows`.
        holdout: share of groups that are never trained on, in no vocabulary and no stage.
        limit: at most this many records, in the order of the file.
        encoding: of text files.
        max_rejected: largest share of unusable rows before the run stops.
    """

    path: str
    holdout: Annotated[float, Range(least=0, below=1)] = 0.0
    limit: Count | None = None
    encoding: Encoding = "utf-8-sig"
    max_rejected: Share = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.holdout < 1 or (self.limit is not None and self.limit < 1):
            raise UserError(f"{self.path}: need holdout {self.holdout} in [0, 1) and limit {self.limit} above 0")
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise UserError(f"{self.path}: unknown encoding {self.encoding!r}") from error

    def key(self) -> str:
        """Hash what the records are made from: the files' bytes, not their paths."""
        settings = {"holdout": self.holdout, "limit": self.limit, "encoding": self.encoding}
        # What no earlier version read keeps its key; none read a storage.
        files = [] if on_hub(self.path) or is_remote(self.path) else list_files(local_path(self.path))
        traces = sorted({name for file in files for name in traces_of(file)})
        return content_key({"content": path_key(self.path), **settings, **({"read": traces} if traces else {})})

    def holds_out(self, record: Record) -> bool:
        """Tell whether a record is kept from training."""
        return is_held_out(record.group, self.holdout)

    def leaves_out(self, row: Mapping[str, Any]) -> str | None:
        """Tell why a row is not wanted though nothing is wrong with it; None if it is.

        Raises:
            Unusable: something is wrong with it.
        """
        return None

    def records(self, row: Any, name: str, note: Note) -> Iterator[Any]:
        """Turn a row into its records; see `hypnos.corpus.shapes.to_records`."""
        yield from to_records(row, source=name, note=note)

    def check(self) -> None:
        """Raise UserError if nothing can be read at the path; the content is not looked at."""
        for file, size in file_sizes(self.path).items():
            if size == 0:
                raise UserError(f"{file}: the file is empty")


def read_source(
    source: Source,
    rejections: Rejections,
    *,
    name: str,
    passes: Callable[[Mapping[str, Any]], bool] = lambda row: True,
) -> Iterator[Record]:
    """Stream a source's records; rows that cannot be used are counted with their reason.

    Args:
        source: what to read.
        rejections: where unusable rows are counted.
        name: kept in records that name no source of their own.
        passes: tells whether a row is wanted; one that is not is no fault of the source. Raises Unusable where
            something is wrong with it.

    Raises:
        UserError: the file cannot be read, or more than `max_rejected` of its rows are unusable.
    """
    seen = taken = refused = 0
    first = ""
    for where, row in read_rows(source.path, encoding=source.encoding):
        seen += 1
        rejections.seen += 1
        try:
            if isinstance(row, Malformed):
                raise Unusable(str(row))
            if isinstance(row, Mapping) and not passes(row):
                continue
            for record in source.records(row, name, rejections.leave_out):
                taken += 1
                yield record
                if taken == source.limit:
                    return
        except Unusable as reason:
            refused += 1
            first = first or f"{where}: {reason}"
            rejections.add(where, str(reason))
        if seen % EARLY == 0:
            _stop_if_unusable(source, refused, seen, first)
    _stop_if_unusable(source, refused, seen, first)


def _stop_if_unusable(source: Source, refused: int, seen: int, first: str) -> None:
    if refused > source.max_rejected * seen:
        raise UserError(
            f"{first} ({refused} of {seen} rows of this file are unusable; max_rejected is {source.max_rejected})"
        )


def is_held_out(group: str, share: float) -> bool:
    """Tell whether a group belongs to the held-out part.

    The answer depends on the group's name alone: the same in every command, however many records there are
    and in whichever order they come.
    """
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") < share * 2**64
