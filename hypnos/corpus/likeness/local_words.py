"""Tells which texts carry the words of others that must not leave the machine: a copy often lacks the mark."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hypnos.corpus.likeness.ngrams import grams

GRAM = 12
"""Signs of a gram: fewer stand in a row in texts that have nothing to do with each other."""

IN_A_ROW = 24
"""Signs in a row, of any text that must stay, that nobody writes twice by chance."""

SHARE = 0.3
"""Of a text's grams, from which it is a copy. Two texts with a Jaccard of 0.8 on trigrams share at least half: so few
signs differ (one in 27) that most runs of 12 between them are whole."""

AT_ONCE = 4096
"""Texts that are hashed at a time."""

_SLOTS = 1 << 22
_SLOT = np.uint64(_SLOTS - 1)


class LocalWords:
    """The 12-grams of texts that must stay, as hashes: 8 bytes for each of their signs.

    Which of two texts was there first does not matter, and order, width, case, script and punctuation do not count.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Take the texts, read once."""
        parts = [np.unique(grams(batch, GRAM).hashes) for batch in _batches(texts)]
        self._hashes = np.unique(np.concatenate([*parts, np.empty(0, np.uint64)]))
        # Most grams of other texts are told by this table alone.
        self._known = np.zeros(_SLOTS, bool)
        self._known[self._hashes & _SLOT] = True

    def carried_by(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each text carries 24 signs in a row of one that must stay, or shares 30 % of its grams with them."""
        batch = grams(texts, GRAM)
        shared = self._known[batch.hashes & _SLOT]
        shared[shared] = self._holds(batch.hashes[shared])
        before = np.concatenate([[0], np.cumsum(shared)])
        count, size = np.diff(before[batch.starts]), np.diff(batch.starts)
        carries = (count > 0) & (count >= SHARE * size)
        run = IN_A_ROW - GRAM + 1
        if len(shared) >= run:
            begins = np.flatnonzero(before[run:] - before[:-run] == run)
            first = np.searchsorted(batch.starts, begins, "right") - 1
            carries[first[begins + run <= batch.starts[first + 1]]] = True
        return carries

    def _holds(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        if not len(self._hashes):
            return np.zeros(len(hashes), bool)
        place = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        return np.asarray(self._hashes[place] == hashes)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while batch := list(islice(remaining, AT_ONCE)):
        yield batch
