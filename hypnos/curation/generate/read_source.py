"""Reads existing data of any known shape as rows of the `instructions` artefact."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hypnos.artefacts.ranges import Count, Egress, Encoding, Share
from hypnos.corpus.files import Malformed, read_rows
from hypnos.corpus.records import Instruction, Rejections, Text, Unusable
from hypnos.corpus.shapes import to_records
from hypnos.corpus.sources import Source
from hypnos.curation.hidden_signs import reveal_row
from hypnos.curation.pipeline.step import RecordRow, Reject, Step
from hypnos.curation.score.own_scores import is_own
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.sound_text import mend

TEXTS = ("author", "model", "topic", "task", "difficulty", "audience", "licence", "prompt")
"""Fields of text that a row brings along where it has them."""


@dataclass(slots=True)
class Read(Step):
    """The step `read`, the first wherever there is a source.

    Attributes:
        path: a file, a folder or a set on the hub; see `hypnos.corpus.files.read_rows`.
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
    _read: Rejections = field(init=False, default_factory=Rejections)
    _left_out: int = field(default=0, init=False)
    _hidden: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._source = Source(self.path, limit=self.limit, encoding=self.encoding, max_rejected=self.max_rejected)
        if self.egress not in ("any", "local"):
            raise UserError(f"input.egress {self.egress!r}: know any, local")
        if self.scores not in ("own", "all"):
            raise UserError(f"input.scores {self.scores!r}: know own, all")

    def key(self) -> dict[str, Any]:
        """The files by their content."""
        mark = {"egress": self.egress, "licence": self.licence, "passages": self.passages, "scores": self.scores}
        return {"source": self._source.key(), **mark}

    def notes(self) -> dict[str, Any]:
        """What was left out of the records, by name: fields, scores of others, signs that hide words from the rules."""
        left_out = {"scores of unknown origin": self._left_out, "signs that nobody sees": self._hidden}
        left_out |= self._read.left_out
        counted = {what: count for what, count in left_out.items() if count}
        return {"left_out": counted} if counted else {}

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields rows; what has no known shape is rejected as `unusable` with its place.

        Raises:
            UserError: a file cannot be read, too many rows are unusable, or passages come where none are wanted.
        """
        seen = refused = taken = 0
        first = ""
        for where, raw in read_rows(self._source.path, encoding=self._source.encoding):
            seen += 1
            try:
                if isinstance(raw, Malformed):
                    raise Unusable(str(raw))
                for record in to_records(raw, source=self._source.path.rpartition("/")[2], note=self._read.leave_out):
                    yield self._revealed(self._row(record, raw, where))
                    taken += 1
                    if taken == self._source.limit:
                        return
            except Unusable as reason:
                refused += 1
                first = first or f"{where}: {reason}"
                reject({"id": where, "detail": str(reason)}, "unusable")
        if refused > self._source.max_rejected * seen:
            allowed = f"max_rejected is {self._source.max_rejected}"
            raise UserError(f"{first} ({refused} of {seen} rows are unusable; {allowed})")

    def _row(self, record: Instruction | Text, raw: Any, where: str) -> RecordRow:
        carried = mend(carry(raw)) if isinstance(raw, Mapping) else {}
        shared = {
            **{"source": record.source, "author": "", "topic": "", "licence": self.licence, **carried},
            **{"egress": "local" if self.egress == "local" else record.egress, "group": record.group},
        }
        if isinstance(record, Text):
            if not self.passages:
                raise UserError(
                    f"{where}: running text, no question with an answer: input=documents writes some from it"
                )
            return {"id": record.id, "text": record.text, **shared}
        texts = {"instruction": record.instruction, "input": record.input, "output": record.output}
        # Of rows without them nothing changes, not even a byte.
        beside = {name: text for name in ("system", "reasoning") if (text := getattr(record, name))}
        row = {"id": record.id, **texts, "history": [list(turn) for turn in record.history], **beside, **shared}
        return self._with_own_scores(row) if self.scores == "own" and "scores" in row else row

    def _revealed(self, row: RecordRow) -> RecordRow:
        revealed, count = reveal_row(row)
        self._hidden += count
        return revealed

    def _with_own_scores(self, row: RecordRow) -> RecordRow:
        """Drop the scores that nobody can vouch for: a filter that believed them would ask no scorer."""
        own = [entry for entry in row["scores"] if self.client and is_own(entry, row, self.client.journal)]
        self._left_out += len(row["scores"]) - len(own)
        left = {name: value for name, value in row.items() if name != "scores"}
        return {**left, "scores": own} if own else left


def carry(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Take over what a row brings along besides its texts.

    Raises:
        Unusable: a field is not what the steps and the page take it for; found here, before a reply is paid for.
    """
    carried = {name: raw[name] for name in (*TEXTS, "parents", "passage", "page", "scores") if raw.get(name)}
    for name in TEXTS:
        if not isinstance(carried.get(name, ""), str):
            raise Unusable(f"{name} must be text, not {type(carried[name]).__name__}")
    scores = carried.get("scores", [])
    if not (isinstance(scores, list) and all(isinstance(entry, Mapping) for entry in scores)):
        raise Unusable("scores must be a list of objects, one for each scorer")
    if not all(isinstance(entry.get("scorer"), str) for entry in scores):
        raise Unusable("scores: an entry without the name of its scorer")
    return carried
