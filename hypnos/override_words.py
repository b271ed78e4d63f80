"""Puts words of a command line in the quotes that Hydra's grammar asks for: Chinese, `#`, `=`, brackets.

A user writes `sources.general.path=/data/麻醉.jsonl`; the grammar takes that for no value, and
`sources.general.path='/data/麻醉.jsonl'` for this one. What the grammar takes stays as it is.
"""

import re
from collections.abc import Callable, Iterator

Parses = Callable[[str], bool]
"""Whether Hydra's grammar takes a word, `key=value`."""

_CALL = re.compile(r"(choice|shuffle|sort|tag|extend_list)\((.*)\)", re.DOTALL)
_PAIRS = {"[": "]", "{": "}", "(": ")"}


def quote_word(word: str, parses: Parses, *, sweeping: bool) -> str:
    """A word with its value in quotes where it needs them; in a list, a table or a sweep each part by itself.

    Args:
        word: `key=value`.
        parses: see `Parses`.
        sweeping: whether commas outside of brackets part the values of a sweep.
    """
    key, sign, value = word.partition("=")
    if not sign or parses(word):
        return word
    return f"{key}={_quote(value.strip(), parses, sweeping)}"


def unquote(value: str) -> str:
    """The text that a value stands for, if it is one text in quotes; else the value as it is."""
    quoted = re.fullmatch(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", value, re.DOTALL)
    if not quoted:
        return value
    text: str = quoted[1] if quoted[1] is not None else quoted[2]
    # Backslashes mean something before the quote alone, and at the end.
    return re.sub(rf"(\\+)({value[0]}|$)", lambda found: found[1][: len(found[1]) // 2] + found[2], text)


def quote_text(text: str) -> str:
    """Text in quotes: a quote within has a backslash before it, and backslashes before a quote are doubled."""
    escaped = re.sub(r"(\\*)'", lambda found: f"{found[1] * 2}\\'", text)
    ending = re.sub(r"(\\+)$", lambda found: found[1] * 2, escaped)
    return f"'{ending}'"


def split_at_commas(text: str) -> Iterator[str]:
    """Parts between commas that stand in no brackets and no quotes; a quote counts only where a part begins."""
    part, closing, quote = "", "", ""
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote and text[at - 1] != "\\" else quote
        elif sign in "'\"" and (not part.strip() or part.rstrip()[-1] in "[{(,:"):
            quote = sign
        elif sign in _PAIRS:
            closing += _PAIRS[sign]
        elif closing and sign == closing[-1]:
            closing = closing[:-1]
        elif sign == "," and not closing:
            yield part
            part = ""
            continue
        part += sign
    yield part


def _quote(value: str, parses: Parses, sweeping: bool) -> str:
    if sweeping and len(list(split_at_commas(value))) > 1:
        return _each(value, parses)
    if parses(f"x={value}"):
        return value
    if value.startswith("[") and value.endswith("]"):
        return f"[{_each(value[1:-1], parses)}]"
    if value.startswith("{") and value.endswith("}"):
        pairs = (pair.partition(":") for pair in split_at_commas(value[1:-1]))
        return "{" + ",".join(f"{key}{sign}{_quote(text.strip(), parses, False)}" for key, sign, text in pairs) + "}"
    if call := _CALL.fullmatch(value):
        return f"{call[1]}({_each(call[2], parses)})"
    if value[:1] in ("'", '"') and value[:1] == value[-1:]:
        return value
    return quote_text(value)


def _each(values: str, parses: Parses) -> str:
    return ",".join(_quote(part.strip(), parses, False) for part in split_at_commas(values))
