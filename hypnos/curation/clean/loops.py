"""Finds answers of a model that got stuck and says the same again and again."""

import re
from collections import Counter
from dataclasses import dataclass

from hypnos.artefacts.ranges import Count, Share
from hypnos.curation.clean.rule import Rule, text_of
from hypnos.curation.pipeline.step import RecordRow

_SPLIT = re.compile(r"[。！？!?；;，,\n]+")
_NUMBER = re.compile(r"^\s*(?:第?[\d一二三四五六七八九十]+[.、)）．:：条点]|[-*•])\s*")
_STUTTER = re.compile(r"([^\W\d_])\1{7,}")

LONGEST = 60
"""Signs of a phrase that is looked for in a row."""


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
        return "repetition" if self._is_stuck(text) or self._returns(text) else None

    def _is_stuck(self, text: str) -> bool:
        """A sign, or a phrase, that stands several times in a row."""
        if _STUTTER.search(text):
            return True
        if self.times > 2 and not self._may_loop(text):
            return False
        loops = re.finditer(rf"(.{{{self.shortest},{LONGEST}}}?)\1{{{self.times - 1},}}", text, re.S)
        return any(_is_phrase(loop[1]) for loop in loops)

    def _may_loop(self, text: str) -> bool:
        """Whether it is worth the search, which takes time in the square of a text's length.

        Of every phrase in a row, one stretch of `shortest` signs that begins at a multiple of `shortest` lies in its
        first round, and comes again in all rounds but the last.
        """
        size, rounds = self.shortest, self.times - 1
        for start in range(0, len(text) - size * rounds, size):
            stretch = text[start : start + size]
            again = text.find(stretch, start + size, start + size + LONGEST)
            while again >= 0:
                length = again - start
                if all(text.startswith(stretch, start + length * later) for later in range(2, rounds)):
                    return True
                again = text.find(stretch, again + 1, start + size + LONGEST)
        return False

    def _returns(self, text: str) -> bool:
        """Clauses, or sentences under changing numbers, that come back and make up much of the text."""
        clauses = _SPLIT.split(text)
        ends = {clause.rstrip()[-self.shortest :] for clause in clauses}
        if len(clauses) - len(ends) < self.times - 1 and self.share * len(text) > 0:
            return False
        clauses = [_NUMBER.sub("", clause).strip() for clause in clauses]
        counts = Counter(clause for clause in clauses if len(clause) >= self.shortest)
        again = sum(n * len(clause) for clause, n in counts.items() if n >= self.times)
        return again >= self.share * len(text)


def _is_phrase(text: str) -> bool:
    """Words, not a row of dots or a table's frame."""
    return sum(sign.isalpha() for sign in text) * 2 > len(text)
