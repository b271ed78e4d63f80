"""Chains pieces so that each term of a specialty is whole."""

from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise

from tokenizers import Tokenizer

from hypnos.vocabulary.byte_level.alphabet import write_text
from hypnos.vocabulary.byte_level.characters import is_han
from hypnos.vocabulary.byte_level.model import split_part


def chain_terms(backend: Tokenizer, terms: Iterable[str]) -> list[str]:
    """The new pieces that build each term out of what a tokenizer makes of it, in merge order.

    Shorter terms come first, so that a term which holds another is built on top of it (舒 + 芬太尼). What is left
    apart is joined from the left. A term that could only be joined out of bytes that other text holds too is left as
    it is.

    Args:
        backend: the base, with a piece for each character of a term where it can have one.
        terms: to be kept whole, with a space before them or without.
    """
    known = set(backend.get_vocab())
    rank: dict[str, int] = {}
    for term in sorted(set(terms), key=lambda t: (len(t), t)):
        parts = _merge(split_part(backend, write_text(term)), rank)
        new = [piece for piece in list(accumulate(parts))[1:] if piece not in known]
        if all(map(is_han, new)):
            for piece in new:
                rank.setdefault(piece, len(rank))
    return list(rank)


def spaced_terms(backend: Tokenizer, terms: Iterable[str]) -> list[str]:
    """Terms with a space before them, where the base joins that space with the first byte behind it.

    A byte-level base has learnt English, where a word begins with its space: behind one, as in 0.6 mg 罗库溴铵, such a
    term can be whole only together with the space.

    Args:
        backend: the base, with a piece for each character of a term.
        terms: to be kept whole.
    """
    space = write_text(" ")
    return [f" {term}" for term in terms if split_part(backend, space + write_text(term))[0] != space]


def _merge(parts: list[str], rank: Mapping[str, int]) -> list[str]:
    """Join the best-ranked neighbours until none can be joined."""
    while joins := [(rank[a + b], i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in rank]:
        _, i = min(joins)
        parts = [*parts[:i], parts[i] + parts[i + 1], *parts[i + 2 :]]
    return parts
