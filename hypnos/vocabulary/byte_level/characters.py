"""Chooses the Han characters that get a piece, and the pieces that lead from the base's to each of them."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate

from tokenizers import Tokenizer

from hypnos.vocabulary.byte_level.alphabet import read_bytes, write_text
from hypnos.vocabulary.byte_level.model import split_part
from hypnos.vocabulary.han import HAN_TEXT

BLOCK = 64
"""Characters that share all bytes but the last."""

_ENDS = [bytes([last]) for last in range(0x80, 0x80 + BLOCK)]
_LONG_ENDS = [first + last for last in _ENDS for first in _ENDS]


def choose_characters(counts: Counter[str], *, coverage: float) -> list[str]:
    """The commonest characters that make up a share of a corpus, the commonest first."""
    wanted, seen, chosen = coverage * counts.total(), 0, []
    for character, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        if seen >= wanted:
            break
        chosen.append(character)
        seen += count
    return chosen


def chain_characters(backend: Tokenizer, characters: Iterable[str]) -> list[str]:
    """The new pieces that build each character out of what the base makes of it, in merge order.

    A Han character is mostly three pieces of one byte: the first two are joined, then the third. Joined are only bytes
    that no text without Han characters holds, so 〇 stays as it is where the base does not join its first two. The last
    character of a block of 64 is left in bytes too, else the two bytes before would never be seen by themselves.
    """
    known = set(backend.get_vocab())
    chain: list[str] = []
    for character in characters:
        parts = split_part(backend, write_text(character))
        joined = list(accumulate(parts))
        new = [piece for piece in joined[1:] if piece not in known]
        if "".join(parts) == write_text(character) and all(map(is_han, new)) and not _fills(new, known):
            chain += new
            known.update(new)
    return chain


def is_han(piece: str) -> bool:
    """Whether a text that holds these bytes, in signs, holds a Han character."""
    whole = (read_bytes(piece) or b"").decode(errors="ignore")
    if HAN_TEXT.search(whole):
        return True
    texts = list(complete(piece))
    return bool(texts) and all(map(HAN_TEXT.search, texts))


def complete(piece: str) -> Iterator[str]:
    """The texts that a piece may begin whose last character lacks one byte or two; none for other pieces."""
    data = read_bytes(piece) or b""
    for ends in (_ENDS, _LONG_ENDS):
        for end in ends:
            try:
                yield (data + end).decode()
            except UnicodeDecodeError:
                continue


def _fills(new: Collection[str], known: Collection[str]) -> bool:
    blocks = [[*complete(piece[:-1])][:BLOCK] for piece in new if len(piece) == len(write_text("一"))]
    return any(sum(write_text(text) in known for text in block) == BLOCK - 1 for block in blocks)
