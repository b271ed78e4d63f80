"""Finds the earlier texts that a text may be a copy of: bands of MinHash in sorted runs, 252 bytes a text."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypnos.corpus.likeness.ngrams import Grams
from hypnos.curation.similarity.settled_keys import Keys, SettledKeys

BANDS = 20
ROWS = 6
"""A pair of Jaccard 0.8 shares a band with a probability of 1 - (1 - 0.8**6)**20 = 99.8 %, one of 0.3 with 1.4 %."""

PART_BITS = 5
"""Keys are kept apart by their first bits: while runs are joined, one part of them at a time takes twice its room."""

MOST = 64
"""Candidates looked at for one key: a key that more texts share is that of a form letter."""

FINE_BITS = 5
"""More of their first bits by which keys are kept apart in a file: one part of them at a time lies in memory."""

FEW = 1 << 20
"""Pairs that wait until the same ones among them are put together."""

_NONE: Keys = (np.empty(0, np.uint64), np.empty(0, np.uint32))

Pairs = NDArray[np.uint64]
"""Texts of a batch, each with an earlier text that may be like it, in order: two numbers in one, see `split_pairs`."""

_HALF = np.uint64(32)


class MinHashIndex:
    """An index that grows by batches. The last key of a text is that of the whole text: exact copies share it.

    What was settled lies in files, and is looked through from end to end: that pays for many texts at once.
    """

    def __init__(self, *, seed: int = 0, folder: Path | None = None) -> None:
        """Begin without texts.

        Args:
            seed: of the hashes.
            folder: on whose disk settled keys lie; None: that of temporary files.
        """
        self.seed = seed
        self._folder = folder
        self._runs: list[list[Keys]] = []
        self._settled: list[SettledKeys] = []

    @property
    def has_settled(self) -> bool:
        return bool(self._settled)

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
        """Pairs of a batch's texts, numbered from `first`, with earlier ones in memory, the batch itself included."""
        numbers = np.arange(first, first + len(keys), dtype=np.uint32)
        own = _in_parts(keys, numbers)
        met = (_meet(*mine, *theirs) for run in [*self._runs, own] for mine, theirs in zip(own, run, strict=True))
        return _different(pairs[pairs & np.uint64(0xFFFFFFFF) < pairs >> _HALF] for pairs in met)

    def settled_candidates(self, keys: NDArray[np.uint64], first: int) -> Pairs:
        """Pairs of texts, numbered from `first`, with settled ones."""
        own = _in_parts(keys, np.arange(first, first + len(keys), dtype=np.uint32), PART_BITS + FINE_BITS)
        return _different(_meet(*mine, *theirs) for run in self._settled for mine, theirs in zip(own, run, strict=True))

    def settle(self) -> None:
        """Write what lies in memory to files; runs of them double in length as well."""
        length, older = sum(map(_length, self._runs)), list[SettledKeys]()
        if not length:
            return
        while self._settled and self._settled[-1].length <= 2 * length:
            older.insert(0, self._settled.pop())
            length += older[0].length
        runs = zip(*older, self._leave_memory(), strict=True)
        self._settled.append(SettledKeys(map(_joined, runs), self._folder))

    def _leave_memory(self) -> Iterator[Keys]:
        """All that lies in memory, part by part; each is gone from there before the next one."""
        for part in range(1 << PART_BITS):
            keys, texts = _joined([run[part] for run in self._runs])
            for run in self._runs:
                run[part] = _NONE
            yield from _cut(keys, texts, PART_BITS + FINE_BITS, part << FINE_BITS, (part + 1) << FINE_BITS)
        self._runs = []

    def add(self, keys: NDArray[np.uint64], texts: NDArray[np.uint32]) -> None:
        """Take texts in, given by their keys and numbers."""
        run = _in_parts(keys, texts)
        # Runs double in length, so that few are searched and each key is moved but a few times.
        while self._runs and _length(self._runs[-1]) <= 2 * _length(run):
            other = self._runs.pop()
            for part, more in enumerate(run):
                run[part] = _joined([other[part], more])
                other[part] = _NONE  # gone before the next part takes room
        self._runs.append(run)


def _length(run: Sequence[Keys]) -> int:
    return sum(len(keys) for keys, _ in run)


def _joined(several: Sequence[Keys]) -> Keys:
    """One run of several; of equal keys those of the first run come first."""
    return _in_order(*(np.concatenate(arrays) for arrays in zip(*several, strict=True)))


def _in_parts(keys: NDArray[np.uint64], texts: NDArray[np.uint32], bits: int = PART_BITS) -> list[Keys]:
    """Keys and their texts in order, cut where the first bits change."""
    return list(_cut(*_in_order(keys.ravel(), np.repeat(texts, keys.shape[1])), bits, 0, 1 << bits))


def _cut(keys: NDArray[np.uint64], texts: NDArray[np.uint32], bits: int, first: int, end: int) -> Iterator[Keys]:
    """Cut ordered keys by their first bits, which are numbers from `first` to below `end`."""
    bounds = np.searchsorted(keys, np.arange(first + 1, end, dtype=np.uint64) << np.uint64(64 - bits))
    for part, several in zip(np.split(keys, bounds), np.split(texts, bounds), strict=True):
        yield part.copy(), several.copy()


def _in_order(keys: NDArray[np.uint64], texts: NDArray[np.uint32]) -> Keys:
    order = np.argsort(keys, kind="stable")
    order = order[np.searchsorted(keys[order], 1) :]  # key 0: no grams
    return keys[order], texts[order]


def _meet(
    wanted: NDArray[np.uint64], texts: NDArray[np.uint32], keys: NDArray[np.uint64], numbers: NDArray[np.uint32]
) -> Pairs:
    """Pairs of texts whose keys are the same."""
    if not len(keys):
        return np.empty(0, np.uint64)
    left = np.searchsorted(keys, wanted, "left")
    hits = keys[np.minimum(left, len(keys) - 1)] == wanted
    left, wanted, texts = left[hits], wanted[hits], texts[hits]
    count = np.minimum(np.searchsorted(keys, wanted, "right") - left, MOST)
    position = np.repeat(left, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(texts, count).astype(np.uint64) << _HALF | numbers[position]


def _different(several: Iterable[Pairs]) -> Pairs:
    """Each pair once, in order; copies meet under many keys."""
    pairs = np.empty(0, np.uint64)
    waiting: list[Pairs] = []
    for some in several:
        waiting.append(some)
        if sum(map(len, waiting)) > max(FEW, len(pairs)):
            pairs, waiting = np.unique(np.concatenate([pairs, *waiting])), []
    return np.unique(np.concatenate([pairs, *waiting]))


def pairs_from(pairs: Pairs, first: int, end: int) -> Pairs:
    """Those of the texts from number `first` to below `end`."""
    bounds = np.array([first, end], np.uint64) << _HALF
    return pairs[slice(*np.searchsorted(pairs, bounds).tolist())]


def split_pairs(pairs: Pairs) -> NDArray[np.int64]:
    """`(pairs, 2)`: the text of the batch and the earlier one."""
    return np.stack([pairs >> _HALF, pairs & np.uint64(0xFFFFFFFF)], axis=1).astype(np.int64)
