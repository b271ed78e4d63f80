"""Steps one after another, each an artefact named by what made it."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import orjson

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.errors import UserError

log = logging.getLogger(__name__)

FORMAT = 1
"""Raised when code changes what a step makes of the same input."""

KEPT, REJECTED, COUNTS = "kept.jsonl", "rejected.jsonl", "counts.json"

Row = dict[str, Any]


class Step(Protocol):
    """What the pipeline needs of a step.

    A step may also have `notes() -> dict`, plain values to keep once it has run, and
    `divide(scored, kept=, rejected=) -> Counter`, a faster way for one that changes no row.
    """

    name: str

    def key(self) -> dict[str, Any]:
        """Everything besides the rows that decides what comes out."""
        ...

    def run(self, rows: Any, reject: Callable[[Row, str], None]) -> Iterator[Row]:
        """Yields what is kept; hands what is not to `reject` with a short reason."""
        ...


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of a JSON Lines file, read afresh by each loop."""

    path: Path | None

    def __iter__(self) -> Iterator[Row]:
        if self.path is not None:
            with self.path.open("rb") as stream:
                for line in stream:
                    yield orjson.loads(line)


@dataclass(frozen=True, slots=True)
class Made:
    """A step's artefact."""

    name: str
    key: str
    directory: Path

    @property
    def kept(self) -> Lines:
        return Lines(self.directory / KEPT)

    @property
    def rejected(self) -> Lines:
        return Lines(self.directory / REJECTED)

    def counts(self) -> dict[str, Any]:
        """In, out, rejected by reason, by author and topic; under `notes` what the step has to tell."""
        return orjson.loads((self.directory / COUNTS).read_bytes())


def run_steps(steps: Sequence[Step], *, artefacts: Path, before: Made | None = None) -> Iterator[Made]:
    """Run steps, each on what the one before it kept; what exists is reused.

    A step that is killed leaves nothing but the replies in the journal, and is made again from these.

    Args:
        steps: in their order.
        artefacts: where steps are kept.
        before: the step that gives the first one its rows; the first step makes its own if there is none.

    Raises:
        UserError: see the steps.
    """
    for step in steps:
        made = where(step, artefacts=artefacts, before=before)
        source = before.kept if before else Lines(None)
        new = make_once(made.directory, lambda folder, step=step, source=source: _make(step, source, folder))  # type: ignore[misc]
        log.info("%s: %s", step.name, "made" if new else "reused")
        before = made
        yield made


def where(step: Step, *, artefacts: Path, before: Made | None) -> Made:
    """The artefact of a step, whether it is made already or not."""
    # Rows count by what they are, not by the steps that made them: the same rows need no work twice.
    rows = file_key(before.directory / KEPT) if before else ""
    key = content_key({"format": FORMAT, "step": step.name, "by": step.key(), "rows": rows})
    return Made(step.name, key, artefact_folder(artefacts / "curation", step.name, key))


def _make(step: Step, source: Lines, folder: Path) -> None:
    divide = getattr(step, "divide", None)
    count = Count()
    if divide is not None and source.path is not None:
        reasons = divide(source.path, kept=folder / KEPT, rejected=folder / REJECTED)
        for row in Lines(folder / KEPT):
            count.keep(row)
        count.rejected.update({reason: number for reason, number in reasons.items() if reason})
    else:
        with (folder / KEPT).open("wb") as kept, (folder / REJECTED).open("wb") as aside:

            def reject(row: Row, reason: str) -> None:
                count.rejected[reason] += 1
                _write(aside, {**row, "step": step.name, "reason": reason})

            # Not an iterator: a step that asks several models reads the rows once for each.
            for row in step.run(source, reject):
                count.keep(row)
                _write(kept, row)
    notes = step.notes() if hasattr(step, "notes") else {}
    content = {**count.plain(), "notes": notes}
    (folder / COUNTS).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


@dataclass(slots=True)
class Count:
    """What a step kept and rejected."""

    kept: int
    rejected: Counter[str]
    authors: Counter[str]
    topics: Counter[str]

    def __init__(self) -> None:
        self.kept = 0
        self.rejected, self.authors, self.topics = Counter(), Counter(), Counter()

    def keep(self, row: Row) -> None:
        self.kept += 1
        self.authors[str(row.get("author") or "")] += 1
        self.topics[str(row.get("topic") or "")] += 1

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        rejected = self.rejected.total()
        return {
            **{"in": self.kept + rejected, "out": self.kept, "rejected": dict(self.rejected)},
            **{"authors": dict(self.authors), "topics": dict(self.topics)},
        }


def _write(stream: IO[bytes], row: Row) -> None:
    try:
        stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    except (orjson.JSONEncodeError, TypeError) as error:
        raise UserError(f"record {row.get('id')}: cannot be written: {error}") from error


def check_order(steps: Sequence[Step]) -> None:
    """Refuse an order that cannot work.

    Raises:
        UserError: names the step.
    """
    names = [step.name for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"steps: {name} stands twice")
    for at, name in enumerate(names):
        if (name in ("generate", "read")) != (at == 0):
            where = "makes its own records and must be the first" if at else "needs records: choose a source"
            raise UserError(f"steps: {name} {where}")
