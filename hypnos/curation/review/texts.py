"""Picks the texts of a record that reviewers see and may mend, and makes the hash by which it is known again."""

from typing import Any

from hypnos.artefacts.keys import content_key
from hypnos.curation.pipeline.step import RecordRow

EDITABLE = ("system", "instruction", "input", "reasoning", "output")
"""Fields of text that may be mended, in the order in which they are shown."""

NEEDED = ("instruction", "output")
"""Those that a record cannot be without."""


def texts_of(row: RecordRow) -> dict[str, str]:
    """The editable texts of a record, those that it has."""
    return {name: row[name] for name in EDITABLE if row.get(name)}


def shown_of(row: RecordRow) -> dict[str, Any]:
    """What a reviewer sees of a record: its texts and the turns before, nothing of where it comes from."""
    return {"history": [list(turn) for turn in row.get("history") or []], "texts": texts_of(row)}


def content_of(row: RecordRow) -> str:
    """The hash of what a reviewer sees: a record that has changed since is another one."""
    return content_key({"id": str(row.get("id")), **shown_of(row)})
