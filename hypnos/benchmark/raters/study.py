"""Holds the settings of a study with human raters: who rates, and how much."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from hypnos.artefacts.ranges import Count, Filled, Natural, Positive, Seed
from hypnos.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study with human raters.

    Attributes:
        raters: names or codes; each gets a page and a table of that name.
        title: stands on the pages.
        seed: of the drawing, the sharing out and every order; kept with the key.
        calibration: questions that all raters do first, to find one measure; left out of the means.
        overlap: raters for each other question; more tell more about agreement, and cost as much more time.
        questions: at most so many questions of a task, drawn with the seed; None: all.
        minutes: time each rater has; fewer questions are drawn so that it is enough; None: no limit.
        minutes_per_answer: reading and rating one answer.
        reference: whether raters can open the reference answer.
    """

    raters: Annotated[Sequence[str], Filled()]
    title: str = "医学问答人工评分表"
    seed: Seed = 0
    calibration: Natural = 4
    overlap: Count = 2
    questions: Count | None = None
    minutes: Positive | None = None
    minutes_per_answer: Positive = 1.5
    reference: bool = True

    def __post_init__(self) -> None:
        if not self.raters:
            raise UserError("raters.raters: at least one name is needed")
        for rater in self.raters:
            if not re.fullmatch(r"[\w-]{1,40}", str(rater)):
                raise UserError(f"raters.raters: {rater!r} must be letters, digits, Chinese, _ or -: it names files")
        twice = [rater for rater in self.raters if list(self.raters).count(rater) > 1]
        if twice:
            raise UserError(f"raters.raters: {twice[0]} stands twice")
        if not 1 <= self.overlap <= len(self.raters):
            raise UserError(f"raters.overlap: {self.overlap} is not between 1 and the {len(self.raters)} raters")
        if self.calibration < 0 or self.minutes_per_answer <= 0:
            raise UserError("raters: calibration must be at least 0 and minutes_per_answer above 0")
        if (self.questions is not None and self.questions < 1) or (self.minutes is not None and self.minutes <= 0):
            raise UserError("raters: questions and minutes must be above 0, or null for no limit")

    def key(self) -> dict[str, Any]:
        """What decides the sheets, for the key of the artefact that holds them."""
        return {**asdict(self), "raters": list(self.raters)}
