"""Finds drug names in text, with their positions."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hypnos.specialty.drugs import Drug
from hypnos.specialty.units import any_of, normalise


@dataclass(frozen=True, slots=True)
class Mention:
    """A drug, by its generic name, and where its name stands in the text."""

    drug: str
    start: int
    end: int


class DrugNames:
    """All names of a specialty's drugs, ready to be looked for."""

    def __init__(self, drugs: Iterable[Drug]) -> None:
        self._drugs = {normalise(name): drug.name for drug in drugs for name in (drug.name, *drug.aliases)}
        self._pattern = re.compile(any_of(self._drugs))

    def find(self, text: str) -> Iterator[Mention]:
        """Yields every name of a drug, the longest that fits: 肾上腺素 is not found inside 去甲肾上腺素."""
        written, positions = align(text)
        for match in self._pattern.finditer(written):
            yield Mention(self._drugs[match[0]], positions[match.start()], positions[match.end()])


def align(text: str) -> tuple[str, list[int] | range]:
    """The text as `normalise` spells it and, for each of its characters and its end, its position in `text`."""
    written = normalise(text)
    if len(written) == len(text):
        return written, range(len(text) + 1)
    parts = [unicodedata.normalize("NFKC", character).lower() for character in text]
    positions = [at for at, part in enumerate(parts) for _ in part]
    return "".join(parts), [*positions, len(text)]
