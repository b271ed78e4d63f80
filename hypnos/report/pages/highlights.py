"""Marks where drugs and doses stand in an answer, so that a reader's eye falls on them."""

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
        marks: list[Mark] = [(mention.start, mention.end, "drug") for mention in self._names.find(text)]
        normalised, positions = align(text)
        # A dose's text says what it is and not where: it is looked for behind the dose before it.
        end = 0
        for dose in find_doses(text, self._drugs):
            start = normalised.find(dose.text, end)
            if start < 0:
                continue
            end = start + len(dose.text)
            marks.append((positions[start], positions[end], f"dose-{grade(dose)}"))
        without_overlap: list[Mark] = []
        for mark in sorted(marks):
            if not without_overlap or mark[0] >= without_overlap[-1][1]:
                without_overlap.append(mark)
        return without_overlap
