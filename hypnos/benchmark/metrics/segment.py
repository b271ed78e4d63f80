"""Cuts Chinese text into tokens, in the two ways every text metric is reported in."""

import re
import unicodedata
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Literal

Segmentation = Literal["characters", "words"]

_LETTERS = r"A-Za-z\u00b5\u00c0-\u024f\u0370-\u03ff"  # Latin and Greek
_TOKEN = re.compile(rf"[{_LETTERS}][{_LETTERS}0-9]*|\d+(?:\.\d+)?|\S")
_FIRST_HAN = "\u3400"
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_VERSION = 1  # raised when a text could be cut in another way than before


def characters(text: str) -> list[str]:
    """Every Han character and every sign alone; Latin words and numbers whole: 0.6mg/kg is 0.6, mg, /, kg."""
    return _TOKEN.findall(text)


def words(text: str) -> list[str]:
    """The words of jieba's dictionary (with its model for unknown words), without blanks.

    What holds no Han character is cut as in `characters`, because jieba's versions disagree there.
    """
    tokens: list[str] = []
    for word in _jieba().cut(text):
        if len(word) == 1:
            if not word.isspace():
                tokens.append(word)
        elif word[0] >= _FIRST_HAN or _HAN.search(word):
            tokens.append(word)
        else:
            tokens += _TOKEN.findall(word)
    return tokens


def plain(text: str) -> list[str]:
    """Tokens of `characters` in one spelling (NFKC, lower case), without punctuation: for extractive answers."""
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", text).lower())
    signs = _punctuation()
    return [token for token in tokens if token not in signs]


def signature(segmentation: Segmentation) -> str:
    """Segmenter and version, as it stands in a metric's signature."""
    if segmentation == "characters":
        return f"seg:characters-{_VERSION}"
    return f"seg:words-{_VERSION},rjieba-{version('rjieba')},hmm"


@lru_cache(maxsize=1)
def _punctuation() -> frozenset[str]:
    """All signs of punctuation; + and < are not among them: they are part of what an answer says."""
    return frozenset(sign for sign in map(chr, range(0x110000)) if unicodedata.category(sign)[0] in "PZC")


@lru_cache(maxsize=1)
def _jieba() -> Any:
    import rjieba

    return rjieba.Jieba()  # not the module's own, whose dictionary anyone may have added to
