"""Counts the parts of a corpus that hold Han text, as the base's own rules cut it."""

from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer

from hypnos.errors import UserError
from hypnos.vocabulary.byte_level.alphabet import read_text
from hypnos.vocabulary.byte_level.model import cut_text
from hypnos.vocabulary.han import HAN_TEXT


def count_parts(backend: Tokenizer, texts: Iterable[str]) -> Counter[str]:
    """How often each part with Han characters stands in a corpus; parts are in signs of bytes.

    Raises:
        UserError: the corpus holds no Chinese text.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        if HAN_TEXT.search(text):
            counts.update(cut_text(backend, text))
    parts = Counter({part: count for part, count in counts.items() if HAN_TEXT.search(read_text(part) or "")})
    if not parts:
        raise UserError("vocabulary.sources: the corpus holds no Chinese text to learn pieces from")
    return parts


def count_characters(parts: Counter[str]) -> Counter[str]:
    """How often each Han character stands in these parts."""
    counts: Counter[str] = Counter()
    for part, count in parts.items():
        for character in read_text(part) or "":
            counts[character] += count
    return Counter({character: count for character, count in counts.items() if HAN_TEXT.match(character)})
