"""Han characters, and the list of terms that a vocabulary keeps whole."""

import re
from pathlib import Path

from hypnos.errors import UserError

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007"
HAN_TEXT = re.compile(f"[{HAN}]+")

LONGEST = 16
"""Characters of the longest piece learnt; terms may be longer."""


def read_terms(file: Path) -> list[str]:
    """Terms of a list, one a line; `#` starts a comment.

    Raises:
        UserError: the file cannot be read, or a term holds something besides Han characters.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: {getattr(error, 'strerror', None) or error}") from error
    terms = []
    for number, line in enumerate(lines, 1):
        term = line.partition("#")[0].strip()
        if not term:
            continue
        if not HAN_TEXT.fullmatch(term):
            raise UserError(f"{file}:{number}: the term {term!r} must be Han characters only")
        terms.append(term)
    return terms
