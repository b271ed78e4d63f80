"""Makes rows of what stands in a file, counts what it leaves out, and refuses a file with too many unusable rows."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from hypnos.corpus.formats import FileRow, Malformed
from hypnos.corpus.records import Instruction, Rejections, Text, Unusable
from hypnos.corpus.shapes import to_records
from hypnos.curation.hidden_signs import reveal_row
from hypnos.curation.pipeline.step import RecordRow
from hypnos.curation.score.own_scores import is_own
from hypnos.errors import UserError
from hypnos.llm.journal.journal import Journal
from hypnos.sound_text import mend

TEXTS = ("author", "model", "topic", "task", "difficulty", "audience", "licence", "prompt")
"""Fields of text that a row brings along where it has them."""

FOREIGN_SCORES, HIDDEN_SIGNS = "scores of unknown origin", "signs that nobody sees"

Note = Callable[[str, int], None]
"""Takes the name of what is left out, and how often."""


@dataclass(frozen=True, slots=True)
class RowMaker:
    """Settings of the step `read` that decide what a row becomes; see there. It may be sent to other processes.

    Attributes:
        source: the name of records without one.
        journal: the file that tells own scores from others'; None: there is none.
    """

    source: str
    egress: str
    licence: str
    passages: bool
    scores: Literal["own", "all"]
    journal: Path | None

    def rows(self, row: FileRow, note: Note) -> Iterator[RecordRow]:
        """Yield what becomes of one row of a file: most give one record.

        Raises:
            Unusable: it has no known shape.
            UserError: it is a passage where none is wanted.
        """
        where, raw = row
        if isinstance(raw, Malformed):
            raise Unusable(str(raw))
        for record in to_records(raw, source=self.source, note=lambda what: note(what, 1)):
            revealed, hidden = reveal_row(self._row(record, raw, where, note))
            if hidden:
                note(HIDDEN_SIGNS, hidden)
            yield revealed

    def _row(self, record: Instruction | Text, raw: Any, where: str, note: Note) -> RecordRow:
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
        return self._with_own_scores(row, note) if self.scores == "own" and "scores" in row else row

    def _with_own_scores(self, row: RecordRow, note: Note) -> RecordRow:
        """Drop the scores that nobody can vouch for: a filter that believed them would ask no scorer."""
        journal = _journal(self.journal) if self.journal else None
        own = [entry for entry in row["scores"] if journal and is_own(entry, row, journal)]
        if len(own) < len(row["scores"]):
            note(FOREIGN_SCORES, len(row["scores"]) - len(own))
        left = {name: value for name, value in row.items() if name != "scores"}
        return {**left, "scores": own} if own else left


@cache
def _journal(path: Path) -> Journal:
    """One in each process: a connection cannot be sent."""
    return Journal(path=path, read_only=True)


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


@dataclass(slots=True)
class Tally:
    """Counts what was read: rows, those that are unusable, and what is left out of the others.

    Attributes:
        most: largest share of unusable rows.
        seen: rows.
        refused: of them, unusable.
        first: the place and the fault of the first of these.
        left_out: by name; of many fields only the first are told apart.
        fields: names of fields among these.
    """

    most: float
    seen: int = 0
    refused: int = 0
    first: str = ""
    left_out: Counter[str] = field(default_factory=Counter)
    fields: int = 0

    def note(self, what: str, count: int) -> None:
        """Count something that is left out."""
        if what not in self.left_out and what not in (FOREIGN_SCORES, HIDDEN_SIGNS):
            if self.fields >= Rejections.KEPT:
                what = "other fields"
            self.fields += 1
        self.left_out[what] += count

    def refuse(self, where: str, reason: str) -> None:
        """Count an unusable row."""
        self.refused += 1
        self.first = self.first or f"{where}: {reason}"

    def check(self) -> None:
        """Raise UserError if too many rows are unusable."""
        if self.refused > self.most * self.seen:
            allowed = f"max_rejected is {self.most}"
            raise UserError(f"{self.first} ({self.refused} of {self.seen} rows are unusable; {allowed})")
