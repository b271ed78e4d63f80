"""Apply a selection to a file of scored rows: lines pass as they stand, only their scores are read."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from hypnos.corpus.selection import STEP, Selection
from hypnos.errors import UserError


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
    decide = selection.over(lambda: (row for _, row in _read(scored)))
    counts: Counter[str] = Counter()
    with kept.open("wb") as passing, rejected.open("wb") as aside:
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
                aside.write(line[:-1] + (b"," if len(line) > 2 else b"") + mark[1:] + b"\n")
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
