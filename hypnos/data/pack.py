"""Fits documents of unequal length into rows of one length, with little waste."""

import numpy as np
from numpy.typing import NDArray

from hypnos.errors import UserError

Indices = NDArray[np.int64]

METHODS = ("best_fit", "first_fit", "none")


class Packing:
    """The documents of each row.

    Attributes:
        documents: `(documents,)`, indices row by row.
        offsets: `(rows + 1,)`, where each row begins in `documents`.
    """

    def __init__(self, documents: Indices, offsets: Indices) -> None:
        self.documents = documents
        self.offsets = offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> Indices:
        return self.documents[self.offsets[row] : self.offsets[row + 1]]

    def sums(self, values: NDArray) -> Indices:
        """Add up a value of documents over each row: `(documents,)` to `(rows,)`."""
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        return np.add.reduceat(values[self.documents].astype(np.int64), self.offsets[:-1])


def pack(lengths: NDArray, row_length: int, *, method: str = "best_fit") -> Packing:
    """Pack documents in order of falling length, each into a row that still holds it.

    Best fit takes the row with the least room left, first fit the oldest one. Rows are found by their room
    in constant time, so that millions of documents take seconds.

    Args:
        lengths: `(documents,)`, in tokens.
        row_length: tokens of a row.
        method: `best_fit`, `first_fit`, or `none` for one document a row.

    Raises:
        UserError: a document is longer than a row, or the method is unknown.
    """
    if method == "none":
        return Packing(np.arange(len(lengths)), np.arange(len(lengths) + 1))
    if method not in METHODS:
        raise UserError(f"packing {method!r}: know {', '.join(METHODS)}")
    if len(lengths) and int(lengths.max()) > row_length:
        raise UserError(f"row_length {row_length} is shorter than the longest document, {int(lengths.max())} tokens")
    order = np.argsort(-lengths.astype(np.int64), kind="stable")
    assign = _best_fit if method == "best_fit" else _first_fit
    rows = assign(lengths[order].tolist(), row_length)
    by_row = np.argsort(rows, kind="stable")
    counts = np.bincount(rows) if len(rows) else np.zeros(0, dtype=np.int64)
    return Packing(order[by_row], np.concatenate([[0], np.cumsum(counts)]))


def _best_fit(lengths: list[int], row_length: int) -> Indices:
    """Row of each document. Rows are kept in stacks by room; one bit for each stack tells whether it is empty."""
    stacks: list[list[int]] = [[] for _ in range(row_length + 1)]
    rows = np.empty(len(lengths), dtype=np.int64)
    filled = count = 0
    for i, length in enumerate(lengths):
        fitting = filled >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            row = stacks[room].pop()
            if not stacks[room]:
                filled &= ~(1 << room)
        else:
            room, row = row_length, count
            count += 1
        rows[i] = row
        left = room - length
        if left:
            stacks[left].append(row)
            filled |= 1 << left
    return rows


def _first_fit(lengths: list[int], row_length: int) -> Indices:
    """Row of each document. A tree over the rows holds the largest room below each node."""
    leaves = 1 << max(len(lengths) - 1, 0).bit_length()
    tree = [row_length] * (2 * leaves)
    rows = np.empty(len(lengths), dtype=np.int64)
    for i, length in enumerate(lengths):
        node = 1
        while node < leaves:
            node = 2 * node if tree[2 * node] >= length else 2 * node + 1
        rows[i] = node - leaves
        tree[node] -= length
        while node > 1:
            node //= 2
            tree[node] = max(tree[2 * node], tree[2 * node + 1])
    return rows
