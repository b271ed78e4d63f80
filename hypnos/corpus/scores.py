"""Reads the scores stored in a row, turned so that more is better.

A row keeps them as they were asked for, one entry for each scorer and repeat:
`scores: [{scorer, coherence, professionalism, usefulness, harmfulness, friendliness, comment}, ...]`.
Harmfulness is stored with 10 for the worst and turned round here, once, and nowhere else.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

ASPECTS = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
"""Stated (Fig. 2, step 3): five aspects, 0 to 10 each."""

LOWER_IS_BETTER = frozenset({"harmfulness"})

HIGHEST = 10.0

Grades = dict[str, dict[str, float]]
"""By scorer, by aspect: 0 the worst and 10 the best. An aspect that could not be read is not there."""


def read_grades(row: Mapping[str, Any], *, scorers: str = "all", aspects: Collection[str] = ASPECTS) -> Grades:
    """Collect a row's scores; repeats of one scorer are averaged.

    Args:
        row: with `author` and `scores`.
        scorers: `other` for those who did not write the row, `self` for its author, `all`, or one scorer's name.
        aspects: what is read.

    Returns:
        Nothing for a row that none of these scorers has seen. A number outside 0 to 10, or no number, is missing.
    """
    by_scorer: dict[str, list[Mapping[str, Any]]] = {}
    for scorer, entry in _entries(row, scorers):
        by_scorer.setdefault(scorer, []).append(entry)
    return {scorer: _average(entries, aspects) for scorer, entries in by_scorer.items()}


def off_scale(row: Mapping[str, Any], *, scorers: str = "all", aspects: Collection[str] = ASPECTS) -> str | None:
    """Names the first score of a row that is a number outside 0 to 10, which `read_grades` takes for a missing one.

    Args:
        row: see `read_grades`, and for the others.
        scorers: whose scores are looked at.
        aspects: which of them.
    """
    for scorer, entry in _entries(row, scorers):
        for aspect in aspects:
            value = entry.get(aspect)
            if type(value) in (int, float) and not _is_score(value) and value == value:  # nan is how tables say: none
                return f"{aspect} {value:g} by {scorer or 'nobody'} lies outside the scale from 0 to {HIGHEST:g}"
    return None


def _entries(row: Mapping[str, Any], scorers: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The entries of the chosen scorers, each with its scorer."""
    author = row.get("author")
    scores = row.get("scores")
    for entry in scores if isinstance(scores, list) else ():
        if isinstance(entry, Mapping):
            scorer = str(entry.get("scorer", ""))
            own = scorer == author
            if scorers in ("all", scorer) or (scorers == "self" and own) or (scorers == "other" and not own):
                yield scorer, entry


def _average(entries: list[Mapping[str, Any]], aspects: Collection[str]) -> dict[str, float]:
    grades = {}
    for aspect in aspects:
        value: Any = entries[0].get(aspect)
        if len(entries) > 1:
            values: list[Any] = [score for entry in entries if _is_score(score := entry.get(aspect))]
            value = sum(values) / len(values) if values else None
        if _is_score(value):
            grades[aspect] = HIGHEST - value if aspect in LOWER_IS_BETTER else value
    return grades


def _is_score(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= HIGHEST
