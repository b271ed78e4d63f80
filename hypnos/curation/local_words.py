"""Finds words of records that must stay on this machine in texts that are to be shown elsewhere.

Of pages and replies; records are marked by `corpus.likeness.local_words`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hypnos.curation.generate.novelty import characters

TELLING = 12
"""Letters and Chinese characters in a row that are taken for another text's words; fewer may be common phrases."""


def carrying_local_words(texts: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Numbers of the texts that share words with a record marked `egress: local`, whether they are marked or not.

    A copy of a record often lacks its mark: what counts is what is written. Signs, width and case do not matter.

    Args:
        texts: few; they are held in memory, and the rows are not.
        rows: read once; those without the mark are passed over.
    """
    folded = [characters(text) for text in texts]
    having: defaultdict[str, set[int]] = defaultdict(set)
    for number, text in enumerate(folded):
        for part in _parts(text):
            having[part].add(number)
    carrying: set[int] = set()
    for row in rows:
        if row.get("egress", "any") == "any":
            continue
        for local in map(characters, _texts(row)):
            if len(local) < TELLING:
                carrying |= {number for number, text in enumerate(folded) if len(local) > 3 and local in text}
            for part in _parts(local):
                carrying |= having.get(part, set())
    return carrying


def _parts(text: str) -> Iterator[str]:
    return (text[start : start + TELLING] for start in range(len(text) - TELLING + 1))


def _texts(row: Mapping[str, Any]) -> Iterator[str]:
    """What is written in a row: question, material, answer, passage and earlier turns."""
    for name in ("instruction", "input", "output", "text"):
        yield str(row.get(name) or "")
    for turn in row.get("history") or ():
        yield from map(str, turn)
