"""Takes out of texts what no reader sees and what only looks like another letter.

A zero-width space within 10 mg, or a Cyrillic letter within a word, hides a dose or a refusal from every rule.
"""

import re
from collections.abc import Mapping
from typing import Any

# Zero-width and bidirectional signs, soft hyphens, tags. A joiner between two pictures is part of one.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e007f]|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001ffff])\u200d"
)
_LOOKALIKES = str.maketrans(
    "АВЕЗКМНОРСТУХаеорсухіјѕԁԛԝӏһΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABE3KMHOPCTYXaeopcyxijsdqwlhABEZHIKMNOPTYXo",
)
_MIXED = re.compile(r"[A-Za-z\u0370-\u03ff\u0400-\u04ff\u0500-\u052f]{2,}")
_LATIN = re.compile(r"[A-Za-z]")


def reveal(text: str) -> tuple[str, int]:
    """Strip hidden signs and write look-alikes within Latin words as what they look like; returns how many there were.

    Words that are Greek or Russian throughout stay, and so do μ and other Greek letters with a look of their own.
    """
    if text.isascii():
        return text, 0
    text, count = _HIDDEN.subn("", text)

    def spell(word: re.Match[str]) -> str:
        nonlocal count
        if not _LATIN.search(word[0]):
            return word[0]
        spelt = word[0].translate(_LOOKALIKES)
        count += sum(one != other for one, other in zip(word[0], spelt, strict=True))
        return spelt

    return _MIXED.sub(spell, text), count


def reveal_row(row: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The same for a record: its texts and earlier turns."""
    revealed, total = dict(row), 0
    for name in ("instruction", "input", "output", "text"):
        if isinstance(row.get(name), str):
            revealed[name], count = reveal(row[name])
            total += count
    if row.get("history"):
        turns = [[reveal(str(part)) for part in turn] for turn in row["history"]]
        revealed["history"] = [[text for text, _ in turn] for turn in turns]
        total += sum(count for turn in turns for _, count in turn)
    return revealed, total
