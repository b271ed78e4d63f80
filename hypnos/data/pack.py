"""Fits documents of unequal length into rows of one length, with little waste."""

from collections.abc import Iterator
from itertools import pairwise

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

    Best fit takes the row with the least room left, first fit the oldest one. Documents of one length are placed
    together, so that time and memory depend on the lengths there are and hardly on the number of documents.

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
    rows = assign(lengths[order], row_length)
    by_row = np.argsort(rows, kind="stable")
    return Packing(order[by_row], np.concatenate([[0], np.cumsum(np.bincount(rows))]))


def _runs(lengths: NDArray) -> Iterator[tuple[int, int, int]]:
    """Where documents of one length begin and end, and their length; what is empty counts as one token."""
    bounds = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    for start, stop in pairwise(bounds):
        if stop > start:
            yield start, stop, max(int(lengths[start]), 1)


def _best_fit(lengths: NDArray, row_length: int) -> Indices:
    """Row of each document. Rows are kept in stacks by room; one bit for each stack tells whether it is empty.

    As lengths only fall, the row with the least room that holds a document holds the next of its length as well, as
    long as its room allows: nothing that fits comes between. So whole stacks are filled at once.
    """
    stacks: list[list[Indices]] = [[] for _ in range(row_length + 1)]  # parts of a stack, the last on top
    rows = np.empty(len(lengths), dtype=np.int64)
    filled = count = 0

    def push(part: Indices, room: int) -> None:
        nonlocal filled
        if room and len(part):
            stacks[room].append(part)
            filled |= 1 << room

    for start, stop, length in _runs(lengths):
        while start < stop:
            fitting = filled >> length
            room = length + (fitting & -fitting).bit_length() - 1 if fitting else row_length
            each = room // length
            needed = -(-(stop - start) // each)
            if fitting:
                part = stacks[room].pop()
                if not stacks[room]:
                    filled &= ~(1 << room)
                push(part[: max(len(part) - needed, 0)], room)
                taken = part[: -needed - 1 : -1]
            else:
                taken = np.arange(count, count + needed)
                count += needed
            placed = min(len(taken) * each, stop - start)
            rows[start : start + placed] = np.repeat(taken, each)[:placed]
            start += placed
            full = placed // each
            push(taken[:full], room - each * length)
            push(taken[full:], room - placed % each * length)
    return rows


def _first_fit(lengths: NDArray, row_length: int) -> Indices:
    """Row of each document: those of one length fill the rows from the first to the last, each as far as it goes."""
    rooms = np.full(len(lengths), row_length, dtype=np.int64)
    rows = np.empty(len(lengths), dtype=np.int64)
    count = 0
    for start, stop, length in _runs(lengths):
        holds = rooms[: count + -(-(stop - start) // (row_length // length))] // length
        placed = np.repeat(np.arange(len(holds)), holds)[: stop - start]
        rows[start:stop] = placed
        rooms[: len(holds)] -= np.bincount(placed, minlength=len(holds)) * length
        count = max(count, int(placed[-1]) + 1)
    return rows
