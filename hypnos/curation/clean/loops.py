"""Finds answers of a model that got stuck and says the same again and again."""

import re
from collections import Counter
from dataclasses import dataclass

from hypnos.artefacts.ranges import Count, Share
from hypnos.curation.clean.rule import Rule, text_of
from hypnos.curation.step import RecordRow

_SPLIT = re.compile(r"[。！？!?；;，,\n]+")
_NUMBER = re.compile(r"^\s*(?:第?[\d一二三四五六七八九十]+[.、)）．:：条点]|[-*•])\s*")
_STUTTER = re.compile(r"([^\W\d_])\1{7,}")


@dataclass(frozen=True, slots=True)
class Repetition(Rule):
    """The same phrase over and over.

    Attributes:
        times: how often in a row, or as a sentence of its own, a phrase may not stand.
        shortest: characters of a phrase that counts.
        share: of an answer, that clauses which return without standing in a row must make up.
    """

    times: Count = 4
    shortest: Count = 4
    share: Share = 0.3

    def check(self, row: RecordRow) -> str | None:
        text = text_of(row, "output")
        loops = re.finditer(rf"(.{{{self.shortest},60}}?)\1{{{self.times - 1},}}", text, re.S)
        if _STUTTER.search(text) or any(_is_phrase(loop[1]) for loop in loops) or self._returns(text):
            return "repetition"
        return None

    def _returns(self, text: str) -> bool:
        """Clauses, or sentences under changing numbers, that come back and make up much of the text."""
        clauses = [_NUMBER.sub("", clause).strip() for clause in _SPLIT.split(text)]
        counts = Counter(clause for clause in clauses if len(clause) >= self.shortest)
        again = sum(n * len(clause) for clause, n in counts.items() if n >= self.times)
        return again >= self.share * len(text)


def _is_phrase(text: str) -> bool:
    """Words, not a row of dots or a table's frame."""
    return sum(sign.isalpha() for sign in text) * 2 > len(text)
