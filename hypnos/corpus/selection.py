"""Holds the policy by which records are selected: its settings, their checks and its key.

Figure 2, step 4 of the paper: low scores are removed. Nothing here asks a model, so a new threshold costs nothing.
`hypnos.corpus.decisions` applies it, the same when data are written and when they are trained on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

from hypnos.artefacts.ranges import Filled, NotNegative, Range, ShareAboveZero
from hypnos.corpus.scores import ASPECTS, HIGHEST
from hypnos.errors import UserError

Grade = Annotated[float, Range(least=0, most=HIGHEST)]


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

    threshold: Grade = 7.0
    floor: Grade = 5.0
    harmless_floor: Grade = 8.0
    aspects: Annotated[Sequence[str], Filled()] = ASPECTS
    scorers: str = "other"
    how: Literal["mean", "minimum", "weighted"] = "mean"
    weights: Mapping[str, NotNegative] | None = None
    combine: Literal["mean", "minimum"] = "mean"
    share: ShareAboveZero | None = None
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

    def at(self, threshold: float) -> "Selection":
        """The same policy with another threshold, for a curve over thresholds."""
        return replace(self, threshold=threshold)
