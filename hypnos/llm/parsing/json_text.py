"""Finds JSON in what models write: fences and prose around it, Chinese punctuation and bare words inside it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from hypnos.numerals import plain
from hypnos.sound_text import mend

_START = re.compile(r"[{\[]")
# A bracket after which this stands is the beginning of JSON and not a sign in prose.
_JSON_AHEAD = {"{": re.compile(r"""\s*["“'}]"""), "[": re.compile(r"""\s*["“'{\[]""")}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|“[^”]*”', re.DOTALL)
_APOSTROPHES = re.compile(r"'(?:[^'\\]|\\.|'(?!\s*[,:}\]，：])){0,4000}'(?=\s*[,:}\]，：])", re.DOTALL)
"""A string in single quotes, which ends at the one before a comma, a colon or a bracket: `'the patient's'`."""
_REMARK = re.compile(r"//[^\n]*|/\*.{0,2000}?\*/", re.DOTALL)
_STRUCTURE = re.compile(
    rf"{_STRING.pattern}|(?<=[{{\[,:，：])\s*{_APOSTROPHES.pattern}|(?<![:\w])(?:{_REMARK.pattern})", re.DOTALL
)
"""What is set aside: strings of either kind; and remarks, which are left out."""
_PYTHON = {"True": "true", "False": "false", "None": "null"}
_BRACKETS = str.maketrans("｛｝［］", "{}[]")
_BARE = re.compile(r"(?<=[:,\[])(\s*)([^\s,:{}\[\]\"][^,:{}\[\]\"\n]*?)(\s*)(?=[,}\]\n])")
_TRAILING = re.compile(r",(\s*[}\]])")
_LITERAL = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_KNOWN_ESCAPE = re.compile(r"\\(?:u....|[\"\\/bfnrt])", re.DOTALL)
_MOST_STARTS = 256  # a reply of nothing but brackets must not cost quadratic time


class BrokenOff(ValueError):
    """JSON began and did not end."""


def values(text: str) -> list[Any]:
    """Read the objects and arrays of a text, none that is a part of another, in their order.

    Raises:
        BrokenOff: one begins and does not end: what is inside it must not be taken for the whole.
    """
    return [value for _, _, value in spans(text)]


def spans(text: str) -> list[tuple[int, int, Any]]:
    """The same with the place of each: where it begins, where the text goes on, and the value.

    Raises:
        BrokenOff: one begins and does not end.
    """
    parsed = list(_values(text))
    if not parsed and any(bracket in text for bracket in "｛［"):
        parsed = list(_values(text.translate(_BRACKETS)))
    return parsed


def closed_values(text: str) -> list[Any]:
    """Read the objects and arrays of a text up to the one that breaks off, of which nothing is read."""
    found = []
    try:
        for _, _, value in _values(text):
            found.append(value)
    except BrokenOff:
        pass
    return found


def _values(text: str) -> Iterator[tuple[int, int, Any]]:
    position = 0
    for _ in range(_MOST_STARTS):
        start = _START.search(text, position)
        if start is None:
            return
        end = _end(text, start.start())
        if end is None:
            if _JSON_AHEAD[start[0]].match(text, start.end()):
                raise BrokenOff
            position = start.end()
            continue
        value = _parse(text[start.start() : end])
        if value is None:
            position = start.end()
        else:
            position = end
            yield start.start(), end, value


def _end(text: str, start: int) -> int | None:
    """Find the position behind the bracket that closes the one at `start`; brackets in strings do not count."""
    depth, position = 0, start
    open_ended = {"'", "/"}
    while position < len(text):
        sign = text[position]
        if sign in '"“':
            string = _STRING.match(text, position)
            if string is None:
                return None
            position = string.end()
            continue
        if sign in open_ended and (sign == "/" or _opens(text, position)):
            aside = (_REMARK if sign == "/" else _APOSTROPHES).match(text, position)
            if aside is not None:
                position = aside.end()
                continue
            if sign == "'":
                open_ended.discard(sign)  # no later one ends either
        depth += (sign in "{[") - (sign in "}]")
        position += 1
        if depth == 0:
            return position
    return None


def _opens(text: str, position: int) -> bool:
    """Whether a single quote stands where a string may begin."""
    return text[max(0, position - 40) : position].rstrip()[-1:] in tuple("{[,:，：")


def _parse(text: str) -> Any | None:
    try:
        return mend(orjson.loads(text))
    except orjson.JSONDecodeError:
        pass
    try:
        return mend(json.loads(_mended(text), strict=False))
    except (ValueError, RecursionError):
        return None


def _mended(text: str) -> str:
    """Make Chinese punctuation between strings plain, and put bare words such as `八分` in quotes.

    Strings are set aside first, so that nothing in them is changed.
    """
    strings: list[str] = []

    def aside(match: re.Match[str]) -> str:
        string = match[0].lstrip()
        if string[0] == "/":
            return " "
        if string[0] == "'":
            body = re.sub(r"\\(.)", lambda sign: sign[1] if sign[1] == "'" else sign[0], string[1:-1])
            strings.append(json.dumps(body, ensure_ascii=False))
        elif string[0] == "“":
            strings.append(json.dumps(string[1:-1], ensure_ascii=False))
        else:
            strings.append(_ESCAPE.sub(_escaped, string))
        return f'"{len(strings) - 1}"'

    structure = _STRUCTURE.sub(aside, text)
    structure = plain(structure)
    structure = _BARE.sub(_quoted, structure)
    structure = _TRAILING.sub(r"\1", structure)
    return re.sub(r'"(\d+)"', lambda match: strings[int(match[1])], structure)


def _escaped(match: re.Match[str]) -> str:
    r"""An escape that JSON knows, or its backslash as a sign of the text: LaTeX such as `\mu` has no other place."""
    if match[0] == r"\'":
        return "'"
    return match[0] if _KNOWN_ESCAPE.fullmatch(match[0]) else "\\" + match[0]


def _quoted(match: re.Match[str]) -> str:
    word = match[2]
    if word in _PYTHON:
        return f"{match[1]}{_PYTHON[word]}{match[3]}"
    return match[0] if _LITERAL.fullmatch(word) else f"{match[1]}{json.dumps(word, ensure_ascii=False)}{match[3]}"
