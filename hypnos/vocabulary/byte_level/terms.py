"""Chains pieces so that each term of a specialty is whole."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from tokenizers import Tokenizer

from hypnos.vocabulary.byte_level.alphabet import read_text, write_text
from hypnos.vocabulary.byte_level.model import split_part


def chain_terms(backend: Tokenizer, terms: Iterable[str]) -> list[str]:
    """The new pieces that build each term out of what a tokenizer makes of it, in merge order.

    Shorter terms come first, so that a term which holds another is built on top of it (舒 + 芬太尼). What is left
    apart is joined from the left. A term that the tokenizer does not read in whole characters is left as it is.

    Args:
        backend: the base, with a piece for each character of a term where it can have one.
        terms: to be kept whole.
    """
    known = set(backend.get_vocab())
    rank: dict[str, int] = {}
    for term in sorted(set(terms), key=lambda t: (len(t), t)):
        parts = split_part(backend, write_text(term))
        if any(read_text(part) is None for part in parts):
            continue
        parts = _merge(parts, rank)
        joined = parts[0]
        for part in parts[1:]:
            joined += part
            if joined not in known:
                rank.setdefault(joined, len(rank))
    return list(rank)


def _merge(parts: list[str], rank: Mapping[str, int]) -> list[str]:
    """Join the best-ranked neighbours until none can be joined."""
    while joins := [(rank[a + b], i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in rank]:
        _, i = min(joins)
        parts = [*parts[:i], parts[i] + parts[i + 1], *parts[i + 2 :]]
    return parts
