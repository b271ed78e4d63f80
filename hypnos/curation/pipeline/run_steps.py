"""Runs steps one after another and keeps what each one made as an artefact, named by what decided it."""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.curation.pipeline.blocks import KEPT, REJECTED, run_blocks
from hypnos.curation.pipeline.counts import StepCounts
from hypnos.curation.pipeline.rows import to_line
from hypnos.curation.pipeline.step import RecordRow, Step
from hypnos.errors import UserError
from hypnos.llm.failures import tells_of_failure
from hypnos.workers.workers import HERE, Workers

log = logging.getLogger(__name__)

FORMAT = 1
"""Raised when code changes what a step makes of the same input."""

COUNTS = "counts.json"


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of a JSON Lines file, read afresh by each loop."""

    path: Path | None

    def __iter__(self) -> Iterator[RecordRow]:
        if self.path is not None:
            with self.path.open("rb") as stream:
                for line in stream:
                    yield orjson.loads(line)


@dataclass(frozen=True, slots=True)
class StepArtefact:
    """What a step made, or will make: a folder with the rows it kept, those it rejected, and their counts."""

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


def run_steps(
    steps: Sequence[Step], *, artefacts: Path, before: StepArtefact | None = None, workers: Workers = HERE
) -> Iterator[StepArtefact]:
    """Run steps, each on what the one before it kept; what exists is reused.

    A step that asks models and is killed leaves the replies in the journal, and is made again from these. One that
    works block by block goes on where it was, in the folder that it left.

    Args:
        steps: in their order.
        artefacts: where steps are kept.
        before: the step that gives the first one its rows; the first step makes its own if there is none.
        workers: who works for steps that work block by block.

    Raises:
        UserError: see the steps.
    """
    for step in steps:
        artefact = artefact_of(step, artefacts=artefacts, before=before)
        source = before.kept if before else Lines(None)
        new = make_once(
            artefact.directory,
            partial(_make, step, source, workers=workers),
            keep_partial=type(step).block_work is not Step.block_work,
            sound=_is_sound,
        )
        log.info("%s: %s", step.name, "made" if new else "reused")
        before = artefact
        yield artefact


def artefact_of(step: Step, *, artefacts: Path, before: StepArtefact | None) -> StepArtefact:
    """The artefact of a step, whether it is made already or not."""
    # Rows count by what they are, not by the steps that made them: the same rows need no work twice.
    rows = file_key(before.directory / KEPT) if before else ""
    key = content_key({"format": FORMAT, "step": step.name, "by": step.key(), "rows": rows})
    return StepArtefact(step.name, key, artefact_folder(artefacts / "curation", step.name, key))


def _make(step: Step, source: Lines, folder: Path, workers: Workers) -> None:
    path = source.path or step.reads
    work = step.block_work(path) if path else None
    if work is not None and path is not None:
        made = run_blocks(step.name, work, path, folder, workers=workers)
        counts, notes = made.counts, step.notes() | {name: dict(counts) for name, counts in made.notes.items()}
    else:
        counts = StepCounts()
        with (folder / KEPT).open("wb") as kept, (folder / REJECTED).open("wb") as rejected:

            def reject(row: RecordRow, reason: str) -> None:
                counts.rejected[reason] += 1
                rejected.write(to_line({**row, "step": step.name, "reason": reason}))

            # Not an iterator: a step that asks several models reads the rows once for each.
            for row in step.run(source, reject):
                counts.keep(row)
                kept.write(to_line(row))
        notes = step.notes()
    content = {**counts.plain(), "notes": notes}
    (folder / COUNTS).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


_DAMAGED = re.compile(rb"(?<!\\)(?:\\\\)*\\(?:[bf]|u00[01][0-9a-f]|t(?:imes|ext|heta|frac)\b)")
"""Control characters in a line of JSON: what is left of LaTeX that was read as escapes."""


def _is_sound(folder: Path) -> bool:
    """Whether an earlier version set nothing aside for a request that failed, and kept no text that it had damaged."""
    with (folder / KEPT).open("rb") as stream:
        if any(b'"author"' in line and _DAMAGED.search(line) for line in stream):
            return False
    with (folder / REJECTED).open("rb") as stream:
        for line in stream:
            if b"refused" not in line and b"failed" not in line:
                continue
            row = orjson.loads(line)
            if tells_of_failure(str(row.get("detail") or "")):
                return False
            # Of passages they did not write down why: a refusal that was kept costs nothing when it is asked again.
            if row.get("step") == "documents" and row.get("reason") == "reply_refused" and "detail" not in row:
                return False
    return True


def check_order(steps: Sequence[Step]) -> None:
    """Refuse an order that cannot work.

    Raises:
        UserError: names the step.
    """
    names = [step.name for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"steps: {name} stands twice")
    for number, name in enumerate(names):
        if (name in ("generate", "read")) != (number == 0):
            fault = "makes its own records and must be the first" if number else "needs records: choose an input"
            raise UserError(f"steps: {name} {fault}")
