"""Turns Chinese texts into sets of character n-grams: batches of texts, without a Python object for each gram.

Words are no units here: splitting at spaces makes one word of a Chinese sentence, and so hides every copy.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypnos.corpus.simplified import simplified_signs

ROWS = 4096
CHARACTERS = 1_000_000
"""Most rows and characters of a batch."""

Texts = tuple[list[dict[str, Any]], list[str]]
"""Rows of a batch, and the text of each."""

_SIGNS = {".": ".．", "+": "+＋", "<": "<＜≤≦⩽", ">": ">＞≥≧⩾"}
"""Signs that count beside a number, each with those that are written for it."""

_SIGN = np.uint32(1 << 31)
_CODE_POINTS = 0x110000
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of several texts, one after another; those of text `i` are `hashes[starts[i]:starts[i + 1]]`.

    Attributes:
        hashes: `(grams,)`, 64 bits each, in the order of the text; one that occurs twice stands twice.
        starts: `(texts + 1,)`.
        folded: `(texts,)`, a hash of each whole folded text.
        lengths: `(texts,)`, folded characters of each text.
    """

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    folded: NDArray[np.uint64]
    lengths: NDArray[np.int64]

    def set_of(self, text: int) -> NDArray[np.uint64]:
        """The different grams of one text, sorted."""
        return np.unique(self.hashes[self.starts[text] : self.starts[text + 1]])


def batches(rows: Iterable[Mapping[str, Any]], text: Callable[[Mapping[str, Any]], str]) -> Iterator[Texts]:
    """Yields rows in batches, with the text of each; no more rows are taken than a batch holds."""
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


def fold(text: str) -> str:
    """What counts of a text: width, case, script, signs and blanks do not, but for those that change a number.

    The point of 2.5 counts, the plus of Rh+, and < and > before a number.
    """
    codes = _counting(_codes(text), np.array([0, len(text)]))
    return codes[codes > 0].astype("<u4").tobytes().decode("utf-32-le", errors="surrogatepass")


def grams(texts: Sequence[str], size: int = 3) -> Grams:
    """Fold texts and hash their n-grams; a text shorter than `size` is one gram.

    Args:
        texts: any number of them.
        size: characters of a gram.
    """
    encoded = [_codes(text) for text in texts]
    ends = np.cumsum([0, *map(len, encoded)])
    codes = _counting(np.concatenate([*encoded, np.empty(0, np.uint32)]), ends).astype(np.uint64)
    counts = codes > 0
    kept = np.concatenate([[0], np.cumsum(counts)])[ends]
    codes = codes[counts]
    lengths = np.diff(kept)
    hashes = _mix(codes)
    for offset in range(1, size):
        following = np.zeros_like(codes)
        following[: -offset or None] = codes[offset:]
        hashes = _mix(hashes * _ODD + following)
    # The last grams of a text reach into the next one and are left out.
    position = np.arange(len(codes)) - np.repeat(kept[:-1], lengths)
    stays = position <= np.repeat(np.maximum(lengths - size, 0), lengths)
    short = np.repeat(lengths < size, lengths)
    folded = _sums(_mix(codes + position.astype(np.uint64) * _ODD), kept) + lengths.astype(np.uint64)
    stays &= ~short | (position == 0)
    hashes[short] = np.repeat(folded, lengths)[short]
    starts = np.concatenate([[0], np.cumsum(stays)])[kept]
    return Grams(hashes[stays], starts, folded, lengths)


def jaccard(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> float:
    """Shared grams among all, of two sorted sets."""
    shared = len(np.intersect1d(first, second, assume_unique=True))
    union = len(first) + len(second) - shared
    return shared / union if union else 1.0


def _counting(raw: NDArray[np.uint32], ends: NDArray[np.int64]) -> NDArray[np.uint32]:
    """For each character of several texts the one that stands for it, 0 where it does not count.

    Args:
        raw: `(characters,)` code points, one text after another.
        ends: `(texts + 1,)`, where each text begins, and the end.
    """
    codes = _table()[raw]
    places = np.flatnonzero(codes & _SIGN)
    if len(places):
        text = np.searchsorted(ends, places, side="right")
        before, after = np.maximum(places - 1, 0), np.minimum(places + 1, len(codes) - 1)
        follows = _is_digit(codes[before]) & (places > ends[text - 1])
        leads = _is_digit(codes[after]) & (places + 1 < ends[text])
        signs = codes[places] ^ _SIGN
        counts = np.where(signs == ord("."), follows & leads, leads | (signs == ord("+")))
        codes[places] = np.where(counts, signs, np.uint32(0))
    return codes


def _is_digit(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    return (codes >= ord("0")) & (codes <= ord("9"))


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread numbers over 64 bits (the finisher of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _sums(values: NDArray[np.uint64], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Sums of runs, modulo 2**64."""
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    return total[starts[1:]] - total[starts[:-1]]


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")


@cache
def _table() -> NDArray[np.uint32]:
    """For every character the one that stands for it, 0 where it does not count; `_SIGN` where that is to be seen."""
    table = np.zeros(_CODE_POINTS, np.uint32)
    for code in (*range(0x3400), *range(0x3400, 0xFFFF), *range(0x20000, 0x32000)):
        if 0xD800 <= code < 0xF900:  # surrogates, private use
            continue
        plain = unicodedata.normalize("NFKC", chr(code)).casefold()
        if plain and unicodedata.category(plain[0])[0] in "LN":
            table[code] = ord(plain[0]) if len(plain) == 1 else ord(chr(code).casefold()[0])
    for sign, others in _SIGNS.items():
        for other in others:
            table[ord(other)] = ord(sign) | _SIGN
    for traditional, simplified in simplified_signs().items():
        table[ord(traditional)] = ord(simplified)
    return table
