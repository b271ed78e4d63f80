"""Drawing groups with replacement, as arrays: what intervals and tests between models are made from."""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

_BLOCK = 4_000_000  # cells of a block of resamples, so that memory stays small


def numbered(names: Sequence[Hashable]) -> tuple[np.ndarray, int]:
    """The names as numbers from 0, in the order they come, and how many there are."""
    numbers: dict[Hashable, int] = {}
    at = np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
    return at, len(numbers)


def sum_groups(values: np.ndarray, at: np.ndarray, groups: int) -> np.ndarray:
    """Sums over the rows of each group: (n, m) and (n,) give (groups, m)."""
    sums = np.zeros((groups, values.shape[1]))
    np.add.at(sums, at, values)
    return sums


def draw(random: np.random.Generator, resamples: int, groups: int) -> Iterator[np.ndarray]:
    """Yields blocks (b, groups): how often each group is drawn in each resample."""
    for size in _blocks(resamples, groups):
        picked = random.integers(0, groups, (size, groups)) + np.arange(size)[:, None] * groups
        yield np.bincount(picked.ravel(), minlength=size * groups).reshape(size, groups).astype(float)


def resample(table: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Sums over resampled groups: (groups, k) give (resamples, k); a seed always draws the same groups."""
    random = np.random.default_rng(seed)
    return np.concatenate([drawn @ table for drawn in draw(random, resamples, len(table))])


def flip(sums: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yields blocks (b, m) of the sums (groups, m) added up with a random sign for each group."""
    random = np.random.default_rng(seed)
    for size in _blocks(resamples, len(sums)):
        yield (1.0 - 2.0 * random.integers(0, 2, (size, len(sums)), dtype=np.int8)) @ sums


def flip_all(sums: np.ndarray) -> np.ndarray:
    """Every way of giving (groups,) sums a sign, added up: (2 ** groups,)."""
    signs = 1 - 2 * (np.arange(1 << len(sums))[:, None] >> np.arange(len(sums)) & 1)
    return signs @ sums


def _blocks(resamples: int, width: int) -> list[int]:
    size = max(1, min(resamples, _BLOCK // max(width, 1)))
    return [size] * (resamples // size) + ([resamples % size] if resamples % size else [])
