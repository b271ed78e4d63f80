"""Says what may be set of a review: who reviews, how much, and what was handed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from hypnos.artefacts.ranges import Count, Filled, Form, Seed
from hypnos.artefacts.value_check import Table
from hypnos.errors import UserError

Name = Annotated[str, Form(r"[\w.-]+", "a name of letters, digits, . _ -: it names a file")]

REVIEW = Table(
    {
        "reviewers": Annotated[Sequence[Name], Filled()],
        "records": Count | None,
        "overlap": Count,
        "seed": Seed,
        "title": str,
        "files": Sequence[str],
        "sheets": str | None,
        "unreviewed": Literal["keep", "reject"],
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Who reviews, and how much.

    Attributes:
        reviewers: names or codes.
        records: at most so many of the kept records; None for all.
        overlap: reviewers for each record.
        seed: of drawing and every order.
        title: of the pages.
    """

    reviewers: tuple[str, ...]
    records: int | None
    overlap: int
    seed: int
    title: str


def read_review(config: Mapping[str, Any]) -> Review:
    """Read the settings of pages.

    Raises:
        UserError: a reviewer stands there twice, or there are fewer than a record needs.
    """
    names = [str(name) for name in config["reviewers"]]
    if len(set(names)) < len(names):
        raise UserError(f"review.reviewers: one stands there twice: {', '.join(names)}")
    if config["overlap"] > len(names):
        raise UserError(f"review.overlap: {config['overlap']} for each record, and {len(names)} review")
    settings = {name: config[name] for name in ("records", "overlap", "seed", "title")}
    return Review(reviewers=tuple(names), **settings)
