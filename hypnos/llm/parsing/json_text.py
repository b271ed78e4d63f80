"""Finds JSON in what models write: fences and prose around it, Chinese punctuation and bare words inside it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from hypnos.llm.parsing.numerals import plain

_START = re.compile(r"[{\[]")
# A bracket after which this stands is the beginning of JSON and not a sign in prose.
_JSON_AHEAD = {"{": re.compile(r"""\s*["“'}]"""), "[": re.compile(r"""\s*["“'{\[]""")}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|“[^”]*”', re.DOTALL)
_BRACKETS = str.maketrans("｛｝［］", "{}[]")
_BARE = re.compile(r"(?<=[:,\[])(\s*)([^\s,:{}\[\]\"][^,:{}\[\]\"\n]*?)(\s*)(?=[,}\]\n])")
_TRAILING = re.compile(r",(\s*[}\]])")
_LITERAL = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_MOST_STARTS = 256  # a reply of nothing but brackets must not cost quadratic time


class BrokenOff(ValueError):
    """JSON began and did not end."""


def values(text: str) -> list[Any]:
    """The objects and arrays of a text, none that is a part of another, in their order.

    Raises:
        BrokenOff: one begins and does not end: what is inside it must not be taken for the whole.
    """
    found = list(_values(text))
    if not found and any(bracket in text for bracket in "｛［"):
        found = list(_values(text.translate(_BRACKETS)))
    return found


def _values(text: str) -> Iterator[Any]:
    place = 0
    for _ in range(_MOST_STARTS):
        start = _START.search(text, place)
        if start is None:
            return
        end = _end(text, start.start())
        if end is None:
            if _JSON_AHEAD[start[0]].match(text, start.end()):
                raise BrokenOff
            place = start.end()
            continue
        value = _parse(text[start.start() : end])
        if value is None:
            place = start.end()
        else:
            place = end
            yield value


def _end(text: str, start: int) -> int | None:
    """The place behind the bracket that closes the one at `start`; brackets in strings do not count."""
    depth, place = 0, start
    while place < len(text):
        sign = text[place]
        if sign in '"“':
            string = _STRING.match(text, place)
            if string is None:
                return None
            place = string.end()
            continue
        depth += (sign in "{[") - (sign in "}]")
        place += 1
        if depth == 0:
            return place
    return None


def _parse(text: str) -> Any | None:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    if '"' not in text and "'" in text:
        text = text.replace("'", '"')
    try:
        return json.loads(_mended(text), strict=False)
    except (ValueError, RecursionError):
        return None


def _mended(text: str) -> str:
    """Chinese punctuation between strings made plain, bare words such as `八分` put in quotes.

    Strings are set aside first, so that nothing in them is changed.
    """
    strings: list[str] = []

    def aside(match: re.Match[str]) -> str:
        found = match[0]
        strings.append(json.dumps(found[1:-1], ensure_ascii=False) if found[0] == "“" else found)
        return f'"{len(strings) - 1}"'

    structure = plain(_STRING.sub(aside, text))
    structure = _BARE.sub(_quoted, structure)
    structure = _TRAILING.sub(r"\1", structure)
    return re.sub(r'"(\d+)"', lambda match: strings[int(match[1])], structure)


def _quoted(match: re.Match[str]) -> str:
    word = match[2]
    return match[0] if _LITERAL.fullmatch(word) else f"{match[1]}{json.dumps(word, ensure_ascii=False)}{match[3]}"
