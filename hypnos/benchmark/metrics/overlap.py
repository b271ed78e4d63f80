"""Counts the n-grams and the longest subsequence that answers share with their references, all at once."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from itertools import chain

import numpy as np

from hypnos.benchmark.metrics.segment import characters, plain, words

ORDERS = 4
_SEGMENTERS: dict[str, Callable[[str], list[str]]] = {"characters": characters, "words": words, "plain": plain}
_ROWS = 1000  # answers a block: small enough for the sorts to stay in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Counts per answer (N), per reference (K, filled up with references of length 0) and order (1 to O, usually 4).

    Attributes:
        references: (N,), how many references an answer has.
        length: (N,), tokens of the answer.
        reference_length: (N, K).
        matches: (N, K, O), n-grams shared with a reference, each as often as in the rarer of the two.
        clipped: (N, O), the same against the reference that holds the n-gram most often (BLEU).
        kinds, reference_kinds, shared_kinds: (N, O) and (N, K, O), different n-grams (ROUGE).
        subsequence: (N, K), length of the longest common subsequence.
    """

    references: np.ndarray
    length: np.ndarray
    reference_length: np.ndarray
    matches: np.ndarray
    clipped: np.ndarray
    kinds: np.ndarray
    reference_kinds: np.ndarray
    shared_kinds: np.ndarray
    subsequence: np.ndarray


@lru_cache(maxsize=2)
def cut_all(texts: tuple[str, ...], segmenter: str) -> list[list[str]]:
    """The tokens of each text; they are not to be changed."""
    return list(map(_SEGMENTERS[segmenter], texts))


@lru_cache(maxsize=2)  # one for each segmentation: BLEU, GLEU and ROUGE ask for the same counts
def count_overlap(
    predictions: tuple[str, ...], references: tuple[tuple[str, ...], ...], segmenter: str, orders: int = ORDERS
) -> Overlap:
    """Count what (N,) answers share with their references, cut by `segmenter` (`characters`, `words`, `plain`)."""
    cut = _SEGMENTERS[segmenter]
    width = max(map(len, references))
    answers = cut_all(predictions, segmenter)
    blocks = []
    for at in range(0, len(predictions), _ROWS):
        part = [[cut(text) for text in texts] for texts in references[at : at + _ROWS]]
        blocks.append(_count_block(answers[at : at + _ROWS], part, width, orders))
    return Overlap(*(np.concatenate([getattr(block, field.name) for block in blocks]) for field in fields(Overlap)))


def _count_block(answers: list[list[str]], references: list[list[list[str]]], width: int, orders: int) -> Overlap:
    # Each token becomes one character, so that libraries for text and whole arrays can work on it.
    signs: defaultdict[str, str] = defaultdict(map(chr, chain(range(0xD800), range(0xE000, 0x110000))).__next__)
    sides = [answers, *([texts[k] if k < len(texts) else [] for texts in references] for k in range(width))]
    texts = [["".join(map(signs.__getitem__, tokens)) for tokens in side] for side in sides]
    sizes = np.array([list(map(len, side)) for side in texts])  # (1 + K, n)
    tallies = list(_tally(texts, sizes, orders))

    def per_row(value: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """(n, orders): what `value` makes of the counts (n-grams, 1 + K), summed over the n-grams of a row."""
        return np.stack([np.bincount(row, value(counts), len(answers)) for row, counts in tallies], 1)

    def per_reference(value: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """(n, K, orders): the same from the counts in the answers and in the k-th references."""
        return np.stack([per_row(partial(of_reference, value, k)) for k in range(width)], 1)

    def of_reference(value: Callable[..., np.ndarray], k: int, counts: np.ndarray) -> np.ndarray:
        return value(counts[:, 0], counts[:, 1 + k])

    return Overlap(
        references=np.array([len(texts) for texts in references]),
        length=sizes[0],
        reference_length=sizes[1:].T,
        matches=per_reference(np.minimum),
        clipped=per_row(lambda counts: np.minimum(counts[:, 0], counts[:, 1:].max(1))),
        kinds=per_row(lambda counts: counts[:, 0] > 0),
        reference_kinds=per_reference(lambda _, theirs: theirs > 0),
        shared_kinds=per_reference(lambda own, theirs: (own > 0) & (theirs > 0)),
        subsequence=np.stack([_subsequences(texts[0], side) for side in texts[1:]], 1),
    )


def _tally(texts: list[list[str]], sizes: np.ndarray, orders: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields for each order the row of each n-gram and its counts, (n-grams, 1 + K).

    An n-gram is numbered together with its row: the (n-1)-gram's number and the next token make its key, so one
    sort an order is all there is to do.
    """
    sides, rows = sizes.shape
    everything = "".join(chain.from_iterable(texts))
    tokens = np.frombuffer(everything.encode("utf-32-le"), np.uint32).astype(np.int64)
    kinds = int(tokens.max(initial=0)) + 1
    flat = sizes.ravel()
    side = np.repeat(np.arange(sides).repeat(rows), flat)
    prefix = np.repeat(np.tile(np.arange(rows), sides), flat)
    left = np.repeat(np.cumsum(flat), flat) - np.arange(len(tokens))  # tokens up to the end of the text, with itself
    starts = np.arange(len(tokens))
    row_of = np.arange(rows)
    for order in range(1, orders + 1):
        keep = left[starts] >= order
        starts, prefix = starts[keep], prefix[keep]
        keys, prefix = np.unique(prefix * kinds + tokens[starts + order - 1], return_inverse=True)
        row_of = row_of[keys // kinds]
        counts = np.bincount(prefix * sides + side[starts], minlength=len(keys) * sides)
        yield row_of, counts.reshape(len(keys), sides)


def _subsequences(first: list[str], second: list[str]) -> np.ndarray:
    from rapidfuzz.distance import LCSseq
    from rapidfuzz.process import cpdist

    return cpdist(first, second, scorer=LCSseq.similarity, dtype=np.int64, workers=1)
