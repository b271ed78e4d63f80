"""Tells text in which nothing can be seen: blanks, ideographic ones too, and signs of no width."""

import unicodedata

_CATEGORIES = ("Cc", "Cf", "Zl", "Zp", "Zs")
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks by category that fonts draw as nothing: fillers of Hangul and Khmer, the empty braille pattern."""


def is_blank(text: str) -> bool:
    """Whether nothing of a text is seen; an empty one is blank too."""
    return all(_unseen(sign) for sign in text)


def _unseen(sign: str) -> bool:
    return (
        sign in _FILLERS
        or unicodedata.category(sign) in _CATEGORIES
        or "\ufe00" <= sign <= "\ufe0f"  # they choose the form of the sign before
    )
