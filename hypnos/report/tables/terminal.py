"""Lays a table out as text for a terminal."""

from collections.abc import Sequence

from tabulate import tabulate


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a terminal: the first column to the left, numbers to the right, heads broken at colons."""
    aligned = ["left", *["right"] * (len(head) - 1)]
    titles = [title.replace(": ", "\n") for title in head]
    return tabulate(rows, titles, tablefmt="simple", colalign=aligned, disable_numparse=True)
