"""Where drugs and doses stand in an answer, so that a reader's eye falls on them."""

from collections.abc import Sequence

from hypnos.specialty.doses import find_doses, grade
from hypnos.specialty.drug_names import DrugNames, align
from hypnos.specialty.drugs import Drug

Mark = tuple[int, int, str]
"""Start and end in the text, and `drug`, or `dose-` with the grade: `ok`, `warn`, `fault` or `unknown`."""


class Marker:
    """Marks drugs and doses by a specialty's windows."""

    def __init__(self, drugs: Sequence[Drug]) -> None:
        self._drugs = tuple(drugs)
        self._names = DrugNames(self._drugs)

    def marks(self, text: str) -> list[Mark]:
        """Every drug name, and every dose that can be told, without overlap, in the order of the text."""
        found: list[Mark] = [(mention.start, mention.end, "drug") for mention in self._names.find(text)]
        written, places = align(text)
        # A dose's text says what it is and not where: it is looked for behind the dose before it.
        at = 0
        for dose in find_doses(text, self._drugs):
            start = written.find(dose.text, at)
            if start < 0:
                continue
            at = start + len(dose.text)
            found.append((places[start], places[at], f"dose-{grade(dose)}"))
        kept: list[Mark] = []
        for mark in sorted(found):
            if not kept or mark[0] >= kept[-1][1]:
                kept.append(mark)
        return kept
