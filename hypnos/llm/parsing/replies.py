"""Reads what models write: JSON with prose around it, and single scores.

What cannot be read is None, never 0 or -1: a missing score is not a bad one.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hypnos.llm.parsing.json_text import BrokenOff, closed_values, spans, values
from hypnos.llm.parsing.quotation import quoted
from hypnos.numerals import NUMBER, plain, read_number
from hypnos.reasoning import cut_thinking

_SHARE = re.compile(
    rf"({NUMBER.pattern})\s*(?:分|points?)?\s*(?:/|out of|\(?满分)\s*({NUMBER.pattern})\s*(?:分|points?)?",
    re.IGNORECASE,
)


def answer_part(text: str) -> str:
    """Cut off the model's reasoning, if it marked any."""
    return cut_thinking(text)[0]


def read_json(text: str) -> Any | None:
    """Read the JSON object or array of a reply, without what stands around it.

    Where there are several, the last one with names counts: models quote what they were given first and answer last.

    Returns:
        None where there is none, or it breaks off.
    """
    parsed = json_values(text)
    named = [value for value in parsed if isinstance(value, dict) or any(isinstance(part, dict) for part in value)]
    return (named or parsed or [None])[-1]


def read_object(text: str) -> dict[str, Any] | None:
    """Read the JSON object of a reply, as `read_json` does; None where it is an array."""
    value = read_json(text)
    return value if isinstance(value, dict) else None


def json_values(text: str) -> list[Any]:
    """Read all objects and arrays of a reply; none where one breaks off."""
    try:
        return values(answer_part(text))
    except BrokenOff:
        return []


def closed_items(text: str, name: str) -> list[Any]:
    """Read what a list holds before the place where a reply breaks off; nothing where it does not.

    The list stands under a name or for itself, or its items do, one after another. For items that mean the same without
    the others; of the one that breaks off nothing is read.
    """
    text = answer_part(text)
    try:
        spans(text)
        return []
    except BrokenOff:
        opened = re.search(rf"""["“']{name}["”']\s*[:：]\s*\[|(?:^|\n)[ \t]*\[(?=\s*\{{)""", text)
        return closed_values(text[opened.end() :] if opened else text)


def own_values(text: str) -> list[Any]:
    """All objects and arrays that a reply says itself, without what it quotes; none where one breaks off."""
    text = answer_part(text)
    try:
        return [value for start, end, value in spans(text) if not quoted(text, start, end)]
    except BrokenOff:
        return []


def in_range(value: Any, *, low: float = 0.0, high: float = 10.0) -> float | None:
    """Read a score out of JSON: a number, or text that is one (`"8"`, `"八分"`, `"8/10"`), within the range.

    Returns:
        None where it is none, or outside.
    """
    if isinstance(value, str):
        text = plain(value).strip()
        share = _SHARE.fullmatch(text.rstrip(")"))
        value = (
            share_of(share[1], share[2], high)
            if share
            else read_number(re.sub(r"\s*(?:分|points?)$", "", text, flags=re.I))
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return None
    return float(value)


def share_of(stated: str, most: str, high: float) -> float | None:
    """A score out of another most, on the scale from 0 to `high`: 4 of 5 is 8 of 10; None where it is more than all."""
    number, whole = read_number(stated), read_number(most)
    if number is None or not whole or not 0 <= number <= whole:
        return None
    return number * high / whole


def satisfies(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value follows a JSON schema."""
    return value is not None and bool(_validator(json.dumps(schema, sort_keys=True)).is_valid(value))


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    import jsonschema

    return jsonschema.Draft202012Validator(json.loads(schema))
