"""Decides which records pass a selection: each by its own scores, or compared with all the others.

A record passes where its scores reach the policy's threshold and floors. Some policies compare: they take the best
share of each scorer's records, even out what scorers are lenient by, or draw as many at random as would have passed.
"""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from hypnos.corpus.scores import LOWER_IS_BETTER, Grades, off_scale, read_grades
from hypnos.corpus.selection import Selection
from hypnos.errors import UserError

RecordRow = Mapping[str, Any]
"""A stored record with its author, its scores, and the step that rejected it if one did."""

Decide = Callable[[RecordRow], str | None]
"""Tells of a row why it does not pass; None if it does."""

Reaches = Callable[[RecordRow, Grades, float], str | None]
"""Tells of a row, its grades and its overall grade why it is not among the best."""

Shifts = Mapping[tuple[str, str], float]
"""By scorer and aspect, what is added to a grade."""

STEP = "select"
"""The step whose own earlier rejections are decided anew."""

UNSCORED, MISSING, OTHER_AUTHOR, OTHER_MAKER = "unscored", "score_missing", "other_author", "other_maker"
OFF_SCALE = "score_off_scale"
NOT_JUDGED = "not judged"
"""No reason: the scores decide."""


def decider(selection: Selection, rows: Callable[[], Iterable[RecordRow]]) -> Decide:
    """Returns the decision for each of these rows.

    Args:
        selection: the policy.
        rows: gives all of them, afresh at each call; read to the end only where records are compared.

    Raises:
        UserError: the one scorer that counts has scored none of them, though others have.
    """
    if selection.scorers not in ("other", "self", "all", "none"):
        _check_scorer(selection, rows())
    scored = selection.scorers != "none"
    shifts = _even_out(selection, rows()) if scored and selection.even_scorers else {}
    reaches: Reaches = partial(_reach_threshold, selection)
    if scored and selection.share is not None:
        reaches = _best_share(selection, rows(), shifts)
    decide = partial(_decide, selection, shifts, reaches)
    return _draw(selection, rows, decide) if selection.random else decide


def decide_alone(selection: Selection, row: RecordRow) -> str | None:
    """Tells why a row does not pass, by itself alone; None if it does.

    Raises:
        ValueError: the policy compares records; see `decider`.
    """
    if selection.compares:
        raise ValueError("this selection compares records: use decider")
    return _decide(selection, {}, partial(_reach_threshold, selection), row)


def overall_grade(selection: Selection, row: RecordRow) -> float | None:
    """The one number of a row that threshold and share look at; None where an aspect has no grade."""
    return _overall(selection, _grades(selection, row), {})


def score_off_scale(selection: Selection, row: RecordRow) -> str | None:
    """Names a number outside the scale among the scores that the policy looks at; None where there is none."""
    if selection.scorers == "none":
        return None
    return off_scale(row, scorers=selection.scorers, aspects=selection.aspects)


def _decide(selection: Selection, shifts: Shifts, reaches: Reaches, row: RecordRow) -> str | None:
    reason = _decide_without_scores(selection, row)
    if reason != NOT_JUDGED:
        return reason
    grades = _grades(selection, row)
    if not grades:
        return UNSCORED
    joined = _join(selection, grades)
    overall = _overall(selection, grades, shifts) if shifts else _weigh(selection, joined)
    if overall is None:
        return OFF_SCALE if score_off_scale(selection, row) else MISSING
    for aspect, grade in joined.items():
        if aspect in LOWER_IS_BETTER:
            if grade < selection.harmless_floor:
                return f"{aspect}_high"
        elif grade < selection.floor:
            return f"{aspect}_low"
    return reaches(row, grades, overall)


def _decide_without_scores(selection: Selection, row: RecordRow) -> str | None:
    """Why a row does not pass whatever its scores, None if it passes so, or `NOT_JUDGED`: its scores decide."""
    reason = row.get("reason")
    if reason and row.get("step") != STEP and not selection.rejected:
        return str(reason)
    author = row.get("author") or ""
    by_people = not author or author in selection.people
    if selection.makers == ("models" if by_people else "people"):
        return OTHER_MAKER
    if selection.author is not None and not by_people and author != selection.author:
        return OTHER_AUTHOR
    if selection.scorers == "none" or (by_people and selection.unscored == "keep" and not _grades(selection, row)):
        return None
    return NOT_JUDGED


def _reach_threshold(selection: Selection, row: RecordRow, grades: Grades, overall: float) -> str | None:
    return None if overall >= selection.threshold else "below_threshold"


def _grades(selection: Selection, row: RecordRow) -> Grades:
    """The grades of the chosen scorers."""
    return read_grades(row, scorers=selection.scorers, aspects=selection.aspects)


def _overall(selection: Selection, grades: Grades, shifts: Shifts) -> float | None:
    """See `overall_grade`; each grade is moved by its shift first."""
    if shifts:
        grades = {
            scorer: {aspect: grade + shifts.get((scorer, aspect), 0.0) for aspect, grade in by_aspect.items()}
            for scorer, by_aspect in grades.items()
        }
    return _weigh(selection, _join(selection, grades))


def _join(selection: Selection, grades: Grades) -> dict[str, float]:
    """One grade an aspect, of all scorers that gave one."""
    if len(grades) == 1:
        return next(iter(grades.values()))
    joined = {}
    for aspect in selection.aspects:
        values = [by_aspect[aspect] for by_aspect in grades.values() if aspect in by_aspect]
        if values:
            joined[aspect] = min(values) if selection.combine == "minimum" else _round(sum(values) / len(values))
    return joined


def _weigh(selection: Selection, joined: Mapping[str, float]) -> float | None:
    if len(joined) < len(selection.aspects):
        return None
    if selection.how == "minimum":
        return min(joined.values())
    if selection.weights:
        weighted = sum(joined[aspect] * weight for aspect, weight in selection.weights.items())
        return _round(weighted / sum(selection.weights.values()))
    return _round(sum(joined.values()) / len(joined))


def _round(value: float) -> float:
    """Thirds and fifths add up to what they should: 7 stays 7."""
    return round(value, 9)


def _check_scorer(selection: Selection, rows: Iterable[RecordRow]) -> None:
    """A misspelt name would quietly leave every record without a score."""
    scorers: set[str] = set()
    for row in rows:
        scorers.update(read_grades(row))
        if selection.scorers in scorers:
            return
    if scorers:
        raise UserError(f"selection.scorers {selection.scorers!r}: scored no record; {', '.join(sorted(scorers))} did")


def _even_out(selection: Selection, rows: Iterable[RecordRow]) -> dict[tuple[str, str], float]:
    """By scorer and aspect, what brings the scorer's mean to the mean of all scorers' means.

    A scorer that saw better records looks lenient here: with cross-scoring each scorer sees another author's, so
    this also evens out what the authors differ in. It suits authors that are known to be equals.
    """
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        for scorer, by_aspect in _grades(selection, row).items():
            for aspect, grade in by_aspect.items():
                total = sums[scorer, aspect]
                total[0] += grade
                total[1] += 1
    means = {scorer_aspect: total / count for scorer_aspect, (total, count) in sums.items()}
    shifts = {}
    for (scorer, aspect), mean in means.items():
        same_aspect = [other for (_, its), other in means.items() if its == aspect]
        shifts[scorer, aspect] = sum(same_aspect) / len(same_aspect) - mean
    return shifts


def _best_share(selection: Selection, rows: Iterable[RecordRow], shifts: Shifts) -> Reaches:
    """Tells whether a record is among the best share of those its scorer saw; equals are told apart by chance."""
    assert selection.share is not None
    seen: dict[str, array[float]] = defaultdict(lambda: array("d"))
    chances: dict[str, array[int]] = defaultdict(lambda: array("Q"))
    for row in rows:
        if _decide_without_scores(selection, row) == NOT_JUDGED:
            grades = _grades(selection, row)
            overall = _overall(selection, grades, shifts) if grades else None
            if overall is not None:
                seen[_scorers(grades)].append(overall)
                chances[_scorers(grades)].append(_chance(selection, row))
    cuts = {}
    for scorer, values in seen.items():
        order = sorted(zip(values, chances[scorer], strict=True), reverse=True)
        taken = round(selection.share * len(order))
        cuts[scorer] = order[taken - 1] if taken else (float("inf"), 0)

    def reaches(row: RecordRow, grades: Grades, overall: float) -> str | None:
        cut = cuts.get(_scorers(grades), (float("inf"), 0))
        return None if (overall, _chance(selection, row)) >= cut else "below_share"

    return reaches


def _scorers(grades: Grades) -> str:
    return " + ".join(sorted(grades))


def _draw(selection: Selection, rows: Callable[[], Iterable[RecordRow]], decide: Decide) -> Decide:
    """A decision that lets as many records pass as `decide` does, drawn from all that the filter decides on.

    With scorers these are the records that their scores decide; without, the rules decide on every record.
    """
    by_rules = selection.scorers == "none"
    open_to_all = replace(selection, rejected=True) if by_rules else selection
    undecided = None if by_rules else NOT_JUDGED
    chances = array("Q")
    passing = 0
    for row in rows():
        if _decide_without_scores(open_to_all, row) == undecided:
            chances.append(_chance(selection, row))
            passing += decide(row) is None
    cut = sorted(chances)[passing - 1] if passing else -1

    def draw(row: RecordRow) -> str | None:
        reason = _decide_without_scores(open_to_all, row)
        if reason != undecided:
            return reason
        return None if _chance(selection, row) <= cut else "not_drawn"

    return draw


def _chance(selection: Selection, row: RecordRow) -> int:
    """A number of 64 bits that depends on the record and the seed alone, in whatever order records come."""
    name = f"{selection.seed}\0{row.get('id')}\0{row.get('instruction')}\0{row.get('output')}"
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
