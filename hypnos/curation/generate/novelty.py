"""Tells whether a question is new: ROUGE-L over Chinese characters against all that are there.

Self-Instruct's rule (Wang et al., 2023: 0.7) with characters for words. Google's `rouge_score` drops every Chinese
character, so that its test would never fire.
"""

import tempfile
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson


@dataclass(frozen=True, slots=True)
class Likeness:
    """The nearest question of the pool and its ROUGE-L, 0 to 1."""

    id: str
    rouge_l: float


class Novelty:
    """The questions seen so far: their characters in memory, about 150 bytes for each, themselves in a file.

    ROUGE-L cannot be higher than the share of characters that two questions have in common in any order. An index
    of characters gives that bound for the whole pool at once; only the few that reach the threshold are compared.
    """

    def __init__(self, *, threshold: float) -> None:
        """At `threshold` and above, two questions count as one."""
        # A little lower, so that rounding loses none that just reaches it.
        self._bound = threshold - 1e-9
        self._store = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the pool lives, gone with it
        self._offsets = array("Q", [0])
        self._lengths = array("I")
        # By character and how many there were of it before, the numbers of the questions that have it.
        self._having: dict[tuple[str, int], array] = {}

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, id: str, question: str) -> int:
        """Put a question into the pool; returns its number."""
        number = len(self)
        text = characters(question)
        for sign in _signs(text):
            self._having.setdefault(sign, array("I")).append(number)
        self._lengths.append(len(text))
        line = orjson.dumps((id, question))
        self._store.seek(self._offsets[-1])
        self._store.write(line)
        self._offsets.append(self._offsets[-1] + len(line))
        return number

    def question(self, number: int) -> str:
        """A question as it was added."""
        return self._read(number)[1]

    def nearest(self, question: str) -> Likeness | None:
        """The most similar question of the pool, if one reaches the threshold; the earliest of equal ones."""
        from rapidfuzz import process
        from rapidfuzz.distance import Indel  # 2 * LCS / (length + length): ROUGE-L's F1

        text = characters(question)
        near = [self._read(number) for number in self._candidates(text)]
        texts = [characters(other) for _, other in near]
        # Without its cutoff, which drops what just reaches it.
        best = process.extractOne(text, texts, scorer=Indel.normalized_similarity, processor=None)
        return Likeness(near[best[2]][0], best[1]) if best and best[1] >= self._bound else None

    def _candidates(self, text: str) -> list[int]:
        """Questions that have enough characters in common, in the order they came."""
        having = [np.frombuffer(held, dtype=np.uint32) for sign in _signs(text) if (held := self._having.get(sign))]
        if not having:
            return []
        common = np.bincount(np.concatenate(having), minlength=len(self))
        lengths = np.frombuffer(self._lengths, dtype=np.uint32)
        return np.nonzero(2 * common >= self._bound * (lengths + len(text)))[0].tolist()

    def _read(self, number: int) -> tuple[str, str]:
        start, end = self._offsets[number], self._offsets[number + 1]
        self._store.seek(start)
        id, question = orjson.loads(self._store.read(end - start))
        return id, question


def characters(text: str) -> str:
    """Letters, digits and Chinese characters in one width and case: what two questions are compared by."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _signs(text: str) -> Iterator[tuple[str, int]]:
    """Each character with the number of the same before it, so that common ones can be counted one by one."""
    seen: Counter[str] = Counter()
    for character in text:
        yield character, seen[character]
        seen[character] += 1
