"""Reads the options of a choice question in every form that public sets give them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hypnos.corpus.cells import cell_text

LETTERS = ("key", "label", "letter", "option", "id")
TEXTS = ("value", "text", "content", "option_text", "option")
"""Names of the fields of an option that is an object, in the order in which they are tried."""

OPTION_LINE = re.compile(r"^\s*[(（]?([A-Za-zＡ-Ｚａ-ｚ])\s*(?:[.．、:：)）]|\s)\s*(.*)$")


def read_options(value: Any) -> dict[str, str]:
    """Options by letter, in the order of the letters; empty ones are left out.

    Forms: an object by letter (CMB), a list of texts, a list of objects with letter and text (MedQA), two lists under
    `label` and `text` (ARC), or text with an option a line (CMExam). A letter that is written again before each text
    ("A. 甲") is taken off.

    Raises:
        ValueError: another form, a letter that is none or stands twice, or an option that is no text.
    """
    if isinstance(value, str):
        pairs: Iterable[tuple[str, Any]] = _split_lines(value).items()
    elif isinstance(value, Mapping):
        pairs = _pairs_of_object(value)
    elif isinstance(value, list | tuple):
        pairs = [_pair_of_entry(entry, at) for at, entry in enumerate(value)]
    else:
        raise ValueError("must be an object of letters, a list or lines of text")
    options: dict[str, str] = {}
    for name, given in pairs:
        letter = unicodedata.normalize("NFKC", name).strip(" ().、:").upper()
        if not re.fullmatch("[A-Z]", letter):
            raise ValueError(f"{name!r} is no letter of an option")
        if letter in options:
            raise ValueError(f"the option {letter} stands twice")
        try:
            options[letter] = cell_text(given)
        except ValueError as error:
            raise ValueError(f"the option {letter} {error}") from error
    return _without_letters({letter: options[letter] for letter in sorted(options) if options[letter]})


def _pairs_of_object(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    labels, texts = value.get("label"), value.get("text")
    if isinstance(labels, list) and isinstance(texts, list):
        if len(labels) != len(texts):
            raise ValueError(f"{len(labels)} labels and {len(texts)} texts")
        yield from ((cell_text(label), text) for label, text in zip(labels, texts, strict=True))
    else:
        yield from ((cell_text(letter), text) for letter, text in value.items())


def _pair_of_entry(entry: Any, at: int) -> tuple[str, Any]:
    """An option of a list, by its own letter or else by its place."""
    if not isinstance(entry, Mapping):
        return chr(ord("A") + at), entry
    found = {name: value for name, value in entry.items() if value is not None}
    letter = next((name for name in LETTERS if name in found), None)
    text = next((name for name in TEXTS if name in found and name != letter), None)
    if text is None:
        raise ValueError(f"an option must have a text ({', '.join(TEXTS)}); fields found: {', '.join(entry) or 'none'}")
    return (cell_text(found[letter]) if letter else chr(ord("A") + at)), found[text]


def _without_letters(options: dict[str, str]) -> dict[str, str]:
    """Take the letters off where every option begins with its own; one alone may be the text, as in "A 型"."""
    matches = {letter: re.match(rf"[(（]?{letter}\s*[.．、:：)）]\s*(?=\S)", text) for letter, text in options.items()}
    if len(options) < 2 or not all(matches.values()):
        return options
    return {letter: text[match.end() :] for (letter, text), match in zip(options.items(), matches.values()) if match}


def _split_lines(text: str) -> dict[str, str]:
    """CMExam: one string, an option a line; a line without a letter goes on with the option before it."""
    options: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        match = OPTION_LINE.match(line)
        letter = unicodedata.normalize("NFKC", match[1]).upper() if match else ""
        # Only the next letter begins an option: "C 反应蛋白" may well stand within one.
        if match and letter == chr(ord("A") + len(options)):
            options[letter], last = match[2].strip(), letter
        elif last and line.strip():
            options[last] = f"{options[last]} {line.strip()}".strip()
    return options
