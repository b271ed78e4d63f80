"""Which records pass: a policy over stored scores, the same when data are written and when they are trained on.

Figure 2, step 4 of the paper: low scores are removed. Nothing here asks a model, so a new threshold costs nothing.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from hypnos.corpus.scores import ASPECTS, HIGHEST, LOWER_IS_BETTER, Grades, read_grades
from hypnos.errors import UserError

Row = Mapping[str, Any]
Decide = Callable[[Row], str | None]
"""Tells of a row why it does not pass; None if it does."""

Reaches = Callable[[Row, Grades, float], str | None]
"""Tells of a row, its grades and its overall grade why it is not among the best."""

Shifts = Mapping[tuple[str, str], float]
"""By scorer and aspect, what is added to a grade."""

STEP = "select"
UNSCORED, MISSING, OTHER_AUTHOR, OTHER_MAKER = "unscored", "score_missing", "other_author", "other_maker"
NOT_JUDGED = "not judged"
"""No reason: the scores decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a record must reach.

    Attributes:
        threshold: least overall grade. Ours: 7 (the paper says only that low scores are removed).
        floor: least grade of each aspect. Ours: 5.
        harmless_floor: least grade of harmlessness, which is 10 less the harmfulness that was asked for. Ours: 8.
        aspects: what counts; an aspect left out has no floor either.
        scorers: `other` (the paper's cross-scoring), `self`, `all`, one scorer's name, or `none`: scores are not
            looked at.
        how: the overall grade is the `mean`, the `minimum` or the `weighted` mean of the aspects.
        weights: of the aspects, for `weighted`.
        combine: several scorers give each aspect the `mean` or the `minimum` of their grades.
        share: instead of the threshold, the best share of each scorer's records: scores cluster at 8 and 9, and a
            threshold that is strict for one scorer is none for another. Equal grades are told apart by `seed`.
        even_scorers: before the overall grade is taken, move each scorer's grades so that all scorers have the same
            mean in each aspect. Floors hold the grades as they were given.
        random: draw as many records as would pass, but at random: the arm a filter is compared with. Without scorers
            it is the rules that decide, and what they rejected is drawn from too.
        seed: of what is drawn.
        author: of what models wrote, take this author's alone.
        people: authors that are no models; a row without author is theirs too.
        makers: take what `both`, `people` or `models` wrote.
        unscored: `keep` or `reject` people's records that no scorer has seen; a model's are always rejected.
        rejected: let pass what an earlier step rejected, where rows hold such: the arm without any filter.
    """

    threshold: float = 7.0
    floor: float = 5.0
    harmless_floor: float = 8.0
    aspects: Sequence[str] = ASPECTS
    scorers: str = "other"
    how: Literal["mean", "minimum", "weighted"] = "mean"
    weights: Mapping[str, float] | None = None
    combine: Literal["mean", "minimum"] = "mean"
    share: float | None = None
    even_scorers: bool = False
    random: bool = False
    seed: int = 0
    author: str | None = None
    people: Sequence[str] = ("human", "hypnos")
    makers: Literal["both", "people", "models"] = "both"
    unscored: Literal["keep", "reject"] = "keep"
    rejected: bool = False

    def __post_init__(self) -> None:
        for name in ("threshold", "floor", "harmless_floor"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= HIGHEST:
                raise UserError(f"selection.{name} {value!r}: must be between 0 and 10")
        if not self.aspects or isinstance(self.aspects, str) or len(set(self.aspects)) < len(self.aspects):
            raise UserError(f"selection.aspects {self.aspects!r}: needs a list of aspects, each once")
        known = {"how": ("mean", "minimum", "weighted"), "combine": ("mean", "minimum"), "unscored": ("keep", "reject")}
        known["makers"] = ("both", "people", "models")
        for name, choices in known.items():
            if getattr(self, name) not in choices:
                raise UserError(f"selection.{name} {getattr(self, name)!r}: know {', '.join(choices)}")
        if self.share is not None and not 0 < self.share <= 1:
            raise UserError(f"selection.share {self.share!r}: must be above 0 and at most 1")
        weights = self.weights or {}
        if (self.how == "weighted") != bool(weights):
            raise UserError("selection.weights: needed for how=weighted, and only there")
        if weights and (weights.keys() != set(self.aspects) or min(weights.values()) < 0 or not sum(weights.values())):
            raise UserError(
                f"selection.weights {dict(weights)}: needs a weight, 0 or more, for {', '.join(self.aspects)}"
            )

    def key(self) -> dict[str, Any]:
        """What decides, as plain values: a threshold counts only where scores are looked at."""
        people = sorted(self.people)
        key: dict[str, Any] = {"author": self.author, "people": people, "rejected": self.rejected}
        if self.makers != "both":
            key["makers"] = self.makers
        if self.scorers == "none":
            return key | {"scorers": "none"} | ({"random": True, "seed": self.seed} if self.random else {})
        key |= asdict(self) | {"people": people, "aspects": sorted(self.aspects)}
        if self.makers == "both":
            del key["makers"]  # the key is older than the choice
        key |= {name: float(key[name]) for name in ("threshold", "floor", "harmless_floor")}
        if self.share is not None:
            del key["threshold"]
        if self.share is None and not self.random:
            del key["seed"]
        return key

    @property
    def compares(self) -> bool:
        """Whether a record's fate depends on others, so that all must be looked at first."""
        return self.random or (self.scorers != "none" and (self.share is not None or self.even_scorers))

    def decide(self, row: Row) -> str | None:
        """Tell why a row does not pass, by itself alone; None if it does.

        Raises:
            ValueError: the policy compares records; see `over`.
        """
        if self.compares:
            raise ValueError("this selection compares records: use Selection.over")
        return self._decide(row, {}, self._reaches)

    def over(self, rows: Callable[[], Iterable[Row]]) -> Decide:
        """Returns the decision for each of these rows.

        Args:
            rows: gives all of them, afresh at each call; read to the end only where records are compared.

        Raises:
            UserError: the one scorer that counts has scored none of them, though others have.
        """
        if self.scorers not in ("other", "self", "all", "none"):
            self._check_scorer(rows())
        if not self.compares:
            return self.decide
        # Imported here: comparing is written in terms of this class.
        from hypnos.corpus.decisions import best_share, drawn, shifts

        scored = self.scorers != "none"
        moved = shifts(self, rows()) if scored and self.even_scorers else {}
        reaches = best_share(self, rows(), moved) if scored and self.share is not None else self._reaches

        def decide(row: Row) -> str | None:
            return self._decide(row, moved, reaches)

        return drawn(self, rows, decide) if self.random else decide

    def _check_scorer(self, rows: Iterable[Row]) -> None:
        """A misspelt name would quietly leave every record without a score."""
        found: set[str] = set()
        for row in rows:
            found.update(read_grades(row))
            if self.scorers in found:
                return
        if found:
            raise UserError(f"selection.scorers {self.scorers!r}: scored no record; {', '.join(sorted(found))} did")

    def grades(self, row: Row) -> Grades:
        """The grades of the chosen scorers."""
        return read_grades(row, scorers=self.scorers, aspects=self.aspects)

    def without_scores(self, row: Row) -> str | None:
        """Why a row does not pass whatever its scores, None if it passes so, or `NOT_JUDGED`: its scores decide."""
        reason = row.get("reason")
        if reason and row.get("step") != STEP and not self.rejected:
            return str(reason)
        author = row.get("author") or ""
        by_people = not author or author in self.people
        if self.makers == ("models" if by_people else "people"):
            return OTHER_MAKER
        if self.author is not None and not by_people and author != self.author:
            return OTHER_AUTHOR
        if self.scorers == "none" or (by_people and self.unscored == "keep" and not self.grades(row)):
            return None
        return NOT_JUDGED

    def overall(self, grades: Grades, shifts: Shifts) -> float | None:
        """The one number that threshold and share look at; None where an aspect has no grade."""
        if shifts:
            grades = {s: {a: v + shifts.get((s, a), 0.0) for a, v in of.items()} for s, of in grades.items()}
        return self._weigh(self._join(grades))

    def _weigh(self, joined: Mapping[str, float]) -> float | None:
        if len(joined) < len(self.aspects):
            return None
        if self.how == "minimum":
            return min(joined.values())
        if self.weights:
            return _round(sum(joined[a] * w for a, w in self.weights.items()) / sum(self.weights.values()))
        return _round(sum(joined.values()) / len(joined))

    def _decide(self, row: Row, shifts: Shifts, reaches: Reaches) -> str | None:
        reason = self.without_scores(row)
        if reason != NOT_JUDGED:
            return reason
        grades = self.grades(row)
        if not grades:
            return UNSCORED
        joined = self._join(grades)
        overall = self.overall(grades, shifts) if shifts else self._weigh(joined)
        if overall is None:
            return MISSING
        for aspect, grade in joined.items():
            if aspect in LOWER_IS_BETTER:
                if grade < self.harmless_floor:
                    return f"{aspect}_high"
            elif grade < self.floor:
                return f"{aspect}_low"
        return reaches(row, grades, overall)

    def _reaches(self, row: Row, grades: Grades, overall: float) -> str | None:
        return None if overall >= self.threshold else "below_threshold"

    def _join(self, grades: Grades) -> dict[str, float]:
        """One grade an aspect, of all scorers that gave one."""
        if len(grades) == 1:
            return next(iter(grades.values()))
        joined = {}
        for aspect in self.aspects:
            values = [of[aspect] for of in grades.values() if aspect in of]
            if values:
                joined[aspect] = min(values) if self.combine == "minimum" else _round(sum(values) / len(values))
        return joined

    def chance(self, row: Row) -> int:
        """A number of 64 bits that depends on the record and the seed alone, in whatever order records come."""
        name = f"{self.seed}\0{row.get('id')}\0{row.get('instruction')}\0{row.get('output')}"
        return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")

    def at(self, threshold: float) -> "Selection":
        """The same policy with another threshold, for a curve over thresholds."""
        return replace(self, threshold=threshold)


def _round(value: float) -> float:
    """Thirds and fifths add up to what they should: 7 stays 7."""
    return round(value, 9)
