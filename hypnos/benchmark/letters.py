"""Letters of options: how references and models write them, as one string of sorted capitals."""

import re
import unicodedata
from collections.abc import Iterable

BETWEEN = re.compile(r"[\s,，、;；和与及&+/.。]+")
"""What stands between letters that are listed: `B、D`, `D,B`, `B和D`."""


def plain_letters(text: str) -> str:
    """Full-width and small letters as capitals, without what separates them; other signs stay."""
    return BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def sorted_letters(letters: Iterable[str]) -> str:
    """Letters once each, in the order of the alphabet: `DBB` is `BD`."""
    return "".join(sorted(set(letters)))
