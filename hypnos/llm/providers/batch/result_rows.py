"""Reads the lines of JSON that a batch came back as; a line that is none costs its own request alone."""

import logging
from collections.abc import Mapping
from typing import Any

import orjson

from hypnos.llm.failures import TransientError
from hypnos.llm.providers.errors import quote

log = logging.getLogger(__name__)

_NO_JSON = object()
_SHOWN = 2000  # bytes of a file that is none, of which an error quotes the beginning


def read_rows(raw: bytes, *, part: str, where: str) -> dict[str, Mapping[str, Any]]:
    """Read a file of results.

    Args:
        raw: the file.
        part: the name under which a row has what came back; where that is no object, the row is given an empty one.
        where: the model and the batch, for what is told of rows that cannot be read.

    Returns:
        What came back by the key of its request. Rows without a key are left out, so that they are asked again.

    Raises:
        TransientError: there is not one line of JSON in it: a gateway's page, which the next look may not bring.
    """
    lines = [line for line in raw.splitlines() if line.strip()]
    parsed = [row for row in map(_parsed, lines) if row is not _NO_JSON]
    if lines and not parsed:
        words = quote(raw[:_SHOWN].decode("utf-8", "replace"))
        raise TransientError("results that are no lines of JSON", words=words)
    rows: dict[str, Mapping[str, Any]] = {}
    odd = len(lines) - len(parsed)
    for row in parsed:
        keyed = isinstance(row, Mapping) and isinstance(row.get("custom_id"), str)
        found = row.get(part) if keyed else None
        odd += not keyed or not isinstance(found, Mapping | None)
        if keyed:
            rows[row["custom_id"]] = found if isinstance(found, Mapping) else {}
    if odd:
        log.warning("%s: %s of %s rows of results cannot be read", where, f"{odd:,}", f"{len(lines):,}")
    return rows


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _NO_JSON
