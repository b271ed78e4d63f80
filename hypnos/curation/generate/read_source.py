"""Reads existing data of any known shape as rows of the `instructions` artefact."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hypnos.artefacts.hub import on_hub
from hypnos.artefacts.ranges import Count, Egress, Encoding, Share
from hypnos.corpus.files import read_rows
from hypnos.corpus.records import Unusable
from hypnos.corpus.sources import Source
from hypnos.corpus.storage.connection import is_remote, local_path, shown_address
from hypnos.curation.generate.read_blocks import ReadBlocks
from hypnos.curation.generate.row_maker import RowMaker, Tally
from hypnos.curation.pipeline.block_work import BlockWork
from hypnos.curation.pipeline.step import RecordRow, Reject, Step
from hypnos.errors import UserError
from hypnos.llm.client import Client

VERSION = 3
"""Raised when code changes which rows, texts or scores are read of the same files."""


@dataclass(slots=True)
class Read(Step):
    """The step `read`, the first wherever there is a source.

    Attributes:
        path: a file, a folder, an address of a storage or a set on a hub; see `hypnos.corpus.files.read_rows`.
        encoding: of text files; `gb18030` for many older Chinese ones.
        limit: at most this many records.
        max_rejected: largest share of unusable rows before the run stops.
        egress: `local` marks every record as one that must not leave the machine (hospital cases);
            `any` leaves it to the records.
        licence: kept in records that state none.
        passages: whether running text is wanted: the step `documents` makes questions of it.
        scores: which scores that rows bring along are believed: `own`, whose replies the journal holds, or `all`.
        client: its journal is looked into; without one no score is one's own.
    """

    path: str
    encoding: Encoding = "utf-8-sig"
    limit: Count | None = None
    max_rejected: Share = 0.05
    egress: Egress = "any"
    licence: str = ""
    passages: bool = False
    scores: Literal["own", "all"] = "own"
    client: Client | None = None
    name: str = field(default="read", init=False)
    _source: Source = field(init=False)
    _tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self._source = Source(self.path, limit=self.limit, encoding=self.encoding, max_rejected=self.max_rejected)
        self._tally = Tally(self.max_rejected)
        if self.egress not in ("any", "local"):
            raise UserError(f"input.egress {self.egress!r}: know any, local")
        if self.scores not in ("own", "all"):
            raise UserError(f"input.scores {self.scores!r}: know own, all")

    def key(self) -> dict[str, Any]:
        """The files by their content."""
        mark = {"egress": self.egress, "licence": self.licence, "passages": self.passages, "scores": self.scores}
        return {"version": VERSION, "source": self._source.key(), **mark}

    def notes(self) -> dict[str, Any]:
        """What was left out of the records, by name: fields, scores of others, signs that hide words from the rules."""
        return {"left_out": dict(self._tally.left_out)} if self._tally.left_out else {}

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields rows; what has no known shape is rejected as `unusable` with its place.

        Raises:
            UserError: a file cannot be read, too many rows are unusable, or passages come where none are wanted.
        """
        taken, maker = 0, self._maker()
        tally = self._tally = Tally(self.max_rejected)
        for row in read_rows(self.path, encoding=self.encoding):
            tally.seen += 1
            try:
                for record in maker.rows(row, tally.note):
                    yield record
                    taken += 1
                    if taken == self.limit:
                        return
            except Unusable as reason:
                tally.refuse(row[0], str(reason))
                reject({"id": row[0], "detail": str(reason)}, "unusable")
        tally.check()

    @property
    def reads(self) -> Path | None:  # type: ignore[override]
        # Of what lies in a storage it stands for there being something: blocks are read by the address.
        return None if on_hub(self.path) else local_path(self.path)

    def block_work(self, source: Path) -> BlockWork | None:
        # With a limit it ends within a block; whoever sets one has few records.
        if self.limit is not None:
            return None
        return ReadBlocks(self.path, self.encoding, self._maker(), self.max_rejected)

    def _maker(self) -> RowMaker:
        return RowMaker(
            source=(shown_address(self.path) if is_remote(self.path) else self.path).rpartition("/")[2],
            egress=self.egress,
            licence=self.licence,
            passages=self.passages,
            scores=self.scores,
            journal=self.client.journal.path.resolve() if self.client else None,
        )
