"""Joins both answers to a question, and keeps the pairs that tell a better one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from hypnos.corpus.decisions import Decide, decider, overall_grade
from hypnos.corpus.scores import read_grades
from hypnos.corpus.selection import Selection
from hypnos.curation.pairs.leniency import Leniency, measure_leniency
from hypnos.curation.pairs.second_answers import answered_by
from hypnos.curation.pipeline.step import RecordRow

SHARED = ("id", "system", "instruction", "input", "history", "topic", "source", "licence", "egress", "group")
"""Fields of a pair that are those of the record."""

Rows = Iterable[RecordRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What two answers must show to be a pair.

    Attributes:
        selection: the policy over scores: its overall grade is compared, and a chosen answer passes it.
        margin: least difference of the grades.
        even_scorers: whether a grade is compared less its scorer's leniency.
    """

    selection: Selection
    margin: float
    even_scorers: bool = True

    def key(self) -> dict[str, Any]:
        """What decides which pairs come out."""
        policy = self.selection.key()
        return {"selection": policy, "margin": float(self.margin), "even_scorers": self.even_scorers}


class Pairs:
    """The pairs of some scored records and second answers, and the counts of what became of them."""

    def __init__(self, scored: Rows, seconds: Rows, pairing: Pairing) -> None:
        """Measure what the scorers are lenient by.

        Args:
            scored: records with their scores; read three times.
            seconds: scored second answers, in the order of the records that they belong to; read twice.
            pairing: what a pair must show.
        """
        self.scored = scored
        self.seconds = seconds
        self.pairing = pairing
        self.counts: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.chosen_by: Counter[str] = Counter()
        even = pairing.even_scorers
        self.leniency = measure_leniency(chain(scored, seconds), pairing.selection) if even else Leniency()

    def __iter__(self) -> Iterator[RecordRow]:
        # As many at random as would pass is an arm of training; a pair is judged by its grades.
        decide = decider(replace(self.pairing.selection, random=False), lambda: self.scored)
        for first, second in _joined(self.scored, self.seconds):
            self.counts["questions answered twice"] += 1
            graded = [(row, self.grade(row)) for row in (first, second)]
            fault = self._fault(graded, decide)
            if fault:
                self.left_out[fault] += 1
                continue
            (better, high), (worse, low) = _sorted(graded)
            self.counts["pairs"] += 1
            self.counts["chosen is longer"] += len(better["output"]) > len(worse["output"])
            self.chosen_by[str(better["author"])] += 1
            yield _pair(first, (better, high), (worse, low))

    def grade(self, row: RecordRow) -> float | None:
        """A row's overall grade less what its scorers are lenient by; None where it has none."""
        selection = self.pairing.selection
        overall = overall_grade(selection, row)
        if overall is None:
            return None
        return overall - self.leniency.taken_off(read_grades(row, scorers=selection.scorers))

    def _fault(self, graded: list[tuple[RecordRow, float | None]], decide: Decide) -> str | None:
        """Why two answers are no pair."""
        (first, _), (second, _) = graded
        if first["output"].split() == second["output"].split():
            return "both answers are the same text"
        if any(grade is None for _, grade in graded):
            return "an answer has no grade"
        (better, high), (_, low) = _sorted(graded)
        if high - low < self.pairing.margin:
            return f"margin below {self.pairing.margin:g}"
        reason = decide(better)
        return f"the better answer does not pass: {reason}" if reason else None

    def plain(self) -> dict[str, Any]:
        """Counts, leniency and whose answers were chosen, as JSON can hold them; whole once the pairs were read."""
        leniency = {
            "records": self.leniency.records,
            "by_scorer": dict(self.leniency.by_scorer),
            "self_preference": self.leniency.self_preference,
        }
        counts = {name: self.counts[name] for name in ("questions answered twice", "pairs", "chosen is longer")}
        return {**counts, "left_out": dict(self.left_out), "chosen_by": dict(self.chosen_by), "leniency": leniency}


def _joined(scored: Rows, seconds: Rows) -> Iterator[tuple[RecordRow, RecordRow]]:
    """Each record that has a second answer, with it. Both come in one order, so that nothing is held in memory."""
    waiting = iter(seconds)
    second = next(waiting, None)
    for row in scored:
        if second is None:
            return
        if second["answers"] == answered_by(row):
            yield row, second
            second = next(waiting, None)


def _sorted(graded: list[tuple[RecordRow, float | None]]) -> list[tuple[RecordRow, float]]:
    """The better one first."""
    known = [(row, grade) for row, grade in graded if grade is not None]
    return sorted(known, key=lambda pair: -pair[1])


def _pair(record: RecordRow, chosen: tuple[RecordRow, float], rejected: tuple[RecordRow, float]) -> RecordRow:
    pair = {name: record[name] for name in SHARED if name in record}
    sides: Mapping[str, tuple[RecordRow, float]] = {"chosen": chosen, "rejected": rejected}
    pair |= {side: row["output"] for side, (row, _) in sides.items()}
    pair["margin"] = round(chosen[1] - rejected[1], 4)
    for side, (row, grade) in sides.items():
        pair[f"{side}_grade"] = round(grade, 4)
        pair |= {f"{side}_{name}": row.get(name) for name in ("author", "model", "scores")}
    return pair
