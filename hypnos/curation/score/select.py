"""Selects by the policy over stored scores who is kept (Fig. 2, step 4), without asking anybody."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from hypnos.corpus.decisions import STEP, decider
from hypnos.corpus.selection import Selection
from hypnos.curation.step import RecordRow, Reject, Step
from hypnos.errors import UserError


class Select(Step):
    """The step `select`; another threshold reads the same scores again."""

    name = "select"
    selection: Selection

    def __init__(self, selection: Selection) -> None:
        """Take the policy."""
        self.selection = selection

    def key(self) -> dict[str, Any]:
        return self.selection.key()

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields what passes. The pipeline uses `divide`, which leaves lines as they stand and is much faster."""
        decide = decider(self.selection, lambda: rows)
        for row in rows:
            reason = decide(row)
            if reason is None:
                yield row
            else:
                reject(row, reason)

    def divide(self, scored: Path, *, kept: Path, rejected: Path) -> Counter[str]:
        """Divide a file of scored rows; returns the number of rows by reason, those that pass under ''."""
        return select_lines(scored, kept=kept, rejected=rejected, selection=self.selection)


def select_lines(scored: Path, *, kept: Path, rejected: Path, selection: Selection) -> Counter[str]:
    """Divide a JSON Lines file into what passes and what does not.

    Args:
        scored: rows of the `instructions` artefact.
        kept: written; each line as it stood.
        rejected: written; each line with `step` and `reason` at its end.
        selection: what a row must reach.

    Returns:
        Number of rows by reason; those that pass under "".

    Raises:
        UserError: the file cannot be read, or a line is no JSON object.
    """
    decide = decider(selection, lambda: (row for _, row in _read(scored)))
    counts: Counter[str] = Counter()
    with kept.open("wb") as passing, rejected.open("wb") as failing:
        for line, row in _read(scored):
            reason = decide(row)
            counts[reason or ""] += 1
            if "step" in row or "reason" in row:  # decided before, on other terms
                line = orjson.dumps({key: value for key, value in row.items() if key not in ("step", "reason")})
            if reason is None:
                passing.write(line + b"\n")
            else:
                step = row.get("step") if reason == row.get("reason") else STEP
                mark = orjson.dumps({"step": step or STEP, "reason": reason})
                failing.write(line[:-1] + (b"," if len(line) > 2 else b"") + mark[1:] + b"\n")
    return counts


def _read(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                line = line.strip()
                if not line:
                    continue
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise UserError(f"{path}:{number}: not JSON: {error}") from error
                if not isinstance(row, dict):
                    raise UserError(f"{path}:{number}: a record must be an object")
                yield line, row
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
