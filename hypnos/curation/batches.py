"""Rows in batches that arrays are made of: bounded in number and in characters, so that memory is too."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

ROWS = 4096
CHARACTERS = 1_000_000

Texts = tuple[list[dict[str, Any]], list[str]]


def batches(rows: Iterable[Mapping[str, Any]], text: Callable[[Mapping[str, Any]], str]) -> Iterator[Texts]:
    """Yields rows and the text of each; no more rows are taken than a batch holds."""
    taken: list[Any] = []
    texts: list[str] = []
    size = 0
    for row in rows:
        taken.append(row)
        texts.append(text(row))
        size += len(texts[-1])
        if len(taken) == ROWS or size >= CHARACTERS:
            yield taken, texts
            taken, texts, size = [], [], 0
    if taken:
        yield taken, texts
