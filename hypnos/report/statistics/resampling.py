"""Draws whole groups with replacement and flips their signs, as arrays, for intervals and tests.

One table serves many columns: values are first added up by group, and one matrix product per block of resamples then
gives the resampled sums of all columns at once.
"""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

Values = Sequence[float | None]
"""A value a question; None where there is none."""

_BLOCK_CELLS = 4_000_000
"""Cells (resamples x groups) that are drawn at once, so that memory stays small."""


def value_table(columns: Sequence[Values], rows: int) -> np.ndarray:
    """Columns of values as an array (rows, columns), NaN where there is no value."""
    return np.array(columns, dtype=float).reshape(len(columns), rows).T


def columns_by_rows(table: np.ndarray) -> list[tuple[np.ndarray, list[int]]]:
    """Columns that lack the same rows: they can be resampled together.

    Args:
        table: (rows, columns), NaN where there is no value.

    Returns:
        For each such set of columns, a mask (rows,) of the rows they have, and the numbers of the columns.
    """
    present = ~np.isnan(table)
    numbers_by_mask: dict[bytes, list[int]] = {}
    for number in range(table.shape[1]):
        numbers_by_mask.setdefault(present[:, number].tobytes(), []).append(number)
    return [(present[:, numbers[0]], numbers) for numbers in numbers_by_mask.values()]


def number_groups(labels: Sequence[Hashable]) -> tuple[np.ndarray, int]:
    """Groups as numbers from 0, in the order in which their labels come.

    Returns:
        The group of each row (rows,), and how many groups there are.
    """
    numbers: dict[Hashable, int] = {}
    group_of_row = np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)
    return group_of_row, len(numbers)


def sum_groups(values: np.ndarray, group_of_row: np.ndarray, group_count: int) -> np.ndarray:
    """Sums over the rows of each group: values (rows, columns) give (groups, columns)."""
    sums = np.zeros((group_count, values.shape[1]))
    np.add.at(sums, group_of_row, values)
    return sums


def draw_groups(random: np.random.Generator, resamples: int, group_count: int) -> Iterator[np.ndarray]:
    """Yields blocks (b, groups) of how often each resample holds each group; as many are drawn as there are groups."""
    for size in _block_sizes(resamples, group_count):
        drawn = random.integers(0, group_count, (size, group_count)) + np.arange(size)[:, None] * group_count
        yield np.bincount(drawn.ravel(), minlength=size * group_count).reshape(size, group_count).astype(float)


def resample_sums(group_sums: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Sums over resampled groups: (groups, columns) give (resamples, columns); a seed always draws the same groups."""
    random = np.random.default_rng(seed)
    return np.concatenate([counts @ group_sums for counts in draw_groups(random, resamples, len(group_sums))])


def flip_at_random(group_sums: np.ndarray, permutations: int, seed: int) -> Iterator[np.ndarray]:
    """Yields blocks (b, columns) of the sums (groups, columns) added up with a random sign for each group."""
    random = np.random.default_rng(seed)
    for size in _block_sizes(permutations, len(group_sums)):
        yield (1.0 - 2.0 * random.integers(0, 2, (size, len(group_sums)), dtype=np.int8)) @ group_sums


def flip_every_way(group_sums: np.ndarray) -> np.ndarray:
    """Sums (groups,) added up with every choice of signs: (2 ** groups,)."""
    signs = 1 - 2 * (np.arange(1 << len(group_sums))[:, None] >> np.arange(len(group_sums)) & 1)
    return signs @ group_sums


def _block_sizes(resamples: int, width: int) -> list[int]:
    size = max(1, min(resamples, _BLOCK_CELLS // max(width, 1)))
    return [size] * (resamples // size) + ([resamples % size] if resamples % size else [])
