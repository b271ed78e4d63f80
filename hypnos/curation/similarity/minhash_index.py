"""Finds the earlier texts that a text may be a copy of: bands of MinHash in sorted runs, at most 259 bytes a text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypnos.corpus.likeness.ngrams import Grams

BANDS = 20
ROWS = 6
"""A pair of Jaccard 0.8 shares a band with a probability of 1 - (1 - 0.8**6)**20 = 99.8 %, one of 0.3 with 1.4 %."""

PART_BITS = 5
"""Keys are kept apart by their first bits: while runs are joined, one part of them at a time takes twice its room."""

MOST = 64
"""Candidates looked at for one key: a key that more texts share is that of a form letter."""

Keys = tuple[NDArray[np.uint64], NDArray[np.uint32]]
"""Keys in order, and the number of the text of each."""

_NONE: Keys = (np.empty(0, np.uint64), np.empty(0, np.uint32))

Pairs = NDArray[np.int64]
"""`(pairs, 2)`: a text of the batch and an earlier text that may be like it."""


class MinHashIndex:
    """An index that grows by batches. The last key of a text is that of the whole text: exact copies share it."""

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed
        self._runs: list[list[Keys]] = []

    def keys(self, batch: Grams) -> NDArray[np.uint64]:
        """Keys of texts: `(texts, BANDS + 1)`. Texts that share one may be alike; a text without grams has zeros."""
        # Here, so that the rest of the package does without it.
        from rensa import RMinHash

        if not len(batch.lengths):
            return np.zeros((0, BANDS + 1), np.uint64)
        starts = batch.starts.astype(np.uint64)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(batch.hashes, starts, BANDS * ROWS, self.seed)
        signature = np.array(matrix.to_rows(), dtype=np.uint64).reshape(-1, BANDS, ROWS)
        keys = np.broadcast_to(np.arange(1, BANDS + 1, dtype=np.uint64), signature.shape[:2]).copy()
        for row in range(ROWS):
            keys = (keys ^ signature[:, :, row]) * np.uint64(0x9E3779B97F4A7C15)
            keys ^= keys >> np.uint64(29)
        keys = np.concatenate([keys, batch.folded[:, None]], axis=1)
        keys[batch.lengths == 0] = 0
        return keys

    def candidates(self, keys: NDArray[np.uint64], first: int) -> Pairs:
        """Pairs of a batch's texts, numbered from `first`, with earlier ones, those of the batch itself included."""
        numbers = np.arange(first, first + len(keys), dtype=np.uint32)
        own = _in_parts(keys, numbers)
        meetings = [_meet(*mine, *theirs) for run in [*self._runs, own] for mine, theirs in zip(own, run, strict=True)]
        pairs = np.concatenate(meetings)
        return np.unique(pairs[pairs[:, 1] < pairs[:, 0]], axis=0)

    def add(self, keys: NDArray[np.uint64], texts: NDArray[np.uint32]) -> None:
        """Take texts in, given by their keys and numbers."""
        run = _in_parts(keys, texts)
        # Runs double in length, so that few are searched and each key is moved but a few times.
        while self._runs and _length(self._runs[-1]) <= 2 * _length(run):
            other = self._runs.pop()
            for part, (more, numbers) in enumerate(run):
                run[part] = _in_order(np.concatenate([other[part][0], more]), np.concatenate([other[part][1], numbers]))
                other[part] = _NONE  # gone before the next part takes room
        self._runs.append(run)


def _length(run: Sequence[Keys]) -> int:
    return sum(len(keys) for keys, _ in run)


def _in_parts(keys: NDArray[np.uint64], texts: NDArray[np.uint32]) -> list[Keys]:
    """Keys and their texts in order, cut where the first bits change."""
    ordered, numbers = _in_order(keys.ravel(), np.repeat(texts, keys.shape[1]))
    firsts = np.arange(1, 1 << PART_BITS, dtype=np.uint64) << np.uint64(64 - PART_BITS)
    bounds = np.searchsorted(ordered, firsts)
    parts = zip(np.split(ordered, bounds), np.split(numbers, bounds), strict=True)
    return [(part.copy(), several.copy()) for part, several in parts]


def _in_order(keys: NDArray[np.uint64], texts: NDArray[np.uint32]) -> Keys:
    order = np.argsort(keys, kind="stable")
    order = order[np.searchsorted(keys[order], 1) :]  # key 0: no grams
    return keys[order], texts[order]


def _meet(
    wanted: NDArray[np.uint64], texts: NDArray[np.uint32], keys: NDArray[np.uint64], numbers: NDArray[np.uint32]
) -> Pairs:
    """Pairs of texts whose keys are the same."""
    left = np.searchsorted(keys, wanted, "left")
    count = np.minimum(np.searchsorted(keys, wanted, "right") - left, MOST)
    hits = count > 0
    left, count, texts = left[hits], count[hits], texts[hits]
    position = np.repeat(left, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.stack([np.repeat(texts, count), numbers[position]], axis=1).astype(np.int64)
