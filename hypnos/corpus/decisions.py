"""What a selection must know of all records before it can decide on one: means, ranks and a random draw."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hypnos.corpus.scores import Grades

if TYPE_CHECKING:
    from hypnos.corpus.selection import Decide, Row, Selection


def shifts(selection: "Selection", rows: Iterable["Row"]) -> dict[tuple[str, str], float]:
    """By scorer and aspect, what brings the scorer's mean to the mean of all scorers' means.

    A scorer that saw better records looks lenient here: with cross-scoring each scorer sees another author's, so
    this also evens out what the authors differ in. It suits authors that are known to be equals.
    """
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        for scorer, of in selection.grades(row).items():
            for aspect, grade in of.items():
                total = sums[scorer, aspect]
                total[0] += grade
                total[1] += 1
    means = {place: total / count for place, (total, count) in sums.items()}
    moved = {}
    for (scorer, aspect), mean in means.items():
        of_all = [other for (_, its), other in means.items() if its == aspect]
        moved[scorer, aspect] = sum(of_all) / len(of_all) - mean
    return moved


def best_share(
    selection: "Selection", rows: Iterable["Row"], moved: Mapping[tuple[str, str], float]
) -> "Callable[[Row, Grades, float], str | None]":
    """Tells whether a record is among the best share of those its scorer saw; equals are told apart by chance."""
    assert selection.share is not None
    seen: dict[str, array[float]] = defaultdict(lambda: array("d"))
    chances: dict[str, array[int]] = defaultdict(lambda: array("Q"))
    for row in rows:
        if selection.without_scores(row) == "not judged":
            grades = selection.grades(row)
            overall = selection.overall(grades, moved) if grades else None
            if overall is not None:
                seen[_scorers(grades)].append(overall)
                chances[_scorers(grades)].append(selection.chance(row))
    cuts = {}
    for scorer, values in seen.items():
        order = sorted(zip(values, chances[scorer], strict=True), reverse=True)
        taken = round(selection.share * len(order))
        cuts[scorer] = order[taken - 1] if taken else (float("inf"), 0)

    def reaches(row: "Row", grades: Grades, overall: float) -> str | None:
        cut = cuts.get(_scorers(grades), (float("inf"), 0))
        return None if (overall, selection.chance(row)) >= cut else "below_share"

    return reaches


def _scorers(grades: Grades) -> str:
    return " + ".join(sorted(grades))


def drawn(selection: "Selection", rows: Callable[[], Iterable["Row"]], decide: "Decide") -> "Decide":
    """A decision that lets as many records pass as `decide` does, drawn from all that the filter decides on.

    With scorers these are the records that their scores decide; without, the rules decide on every record.
    """
    by_rules = selection.scorers == "none"
    whole = replace(selection, rejected=True) if by_rules else selection
    undecided = None if by_rules else "not judged"
    chances = array("Q")
    passing = 0
    for row in rows():
        if whole.without_scores(row) == undecided:
            chances.append(selection.chance(row))
            passing += decide(row) is None
    cut = sorted(chances)[passing - 1] if passing else -1

    def draw(row: "Row") -> str | None:
        reason = whole.without_scores(row)
        if reason != undecided:
            return reason
        return None if selection.chance(row) <= cut else "not_drawn"

    return draw
