"""Draws questions and shares them out among the raters: equal loads, planned overlap, passages kept whole."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from hypnos.benchmark.items import Item
from hypnos.benchmark.raters.study import Study
from hypnos.errors import UserError

Part = Literal["calibration", "main"]


@dataclass(frozen=True, slots=True)
class StudyQuestion:
    """One question of the study."""

    task: str
    item: Item
    answers: int
    """How many different answers it has: equal ones are rated once."""


Block = tuple[StudyQuestion, ...]
"""Questions of one passage or case: read once, so rated together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The questions of each rater, and how long they take.

    Attributes:
        calibration: questions for everybody, first.
        main: questions of each rater.
        minutes: expected time of each rater.
    """

    calibration: tuple[Block, ...]
    main: Mapping[str, tuple[Block, ...]]
    minutes: Mapping[str, float]

    def blocks_of(self, rater: str) -> list[tuple[Part, Block]]:
        """All that a rater is to rate, in no order yet."""
        first: list[tuple[Part, Block]] = [("calibration", block) for block in self.calibration]
        return [*first, *(("main", block) for block in self.main[rater])]


def make_plan(study: Study, questions: Mapping[str, Sequence[StudyQuestion]]) -> Plan:
    """Draw questions and share them out.

    Each question of the main part goes to `study.overlap` raters: always to those with least to do, and among them
    to those who have shared fewest with each other, so that every pair of raters meets.

    Args:
        study: raters, seed, sizes.
        questions: of each task, in the order of the task.

    Raises:
        UserError: there are no questions, or the raters' time is too short for a single one.
    """
    draw = random.Random(f"questions {study.seed}")
    drawn = [_draw(_blocks(of_task), study.questions, draw) for of_task in questions.values()]
    # Round the tasks, so that a study that is cut short holds all of them.
    blocks = [block for around in zip_longest(*drawn) for block in around if block]
    if not blocks:
        raise UserError("raters: no questions to rate")
    calibration = _first(blocks, study.calibration)
    rest = [block for block in blocks if block not in calibration]
    if not rest:
        raise UserError(f"raters.calibration: {study.calibration} leaves nothing to rate of {_count(blocks)} questions")
    if study.minutes is not None:
        rest = _fit(study, calibration, rest)
    main = _share(study, rest)
    start = _answers(calibration)
    minutes = {rater: (start + _answers(main[rater])) * study.minutes_per_answer for rater in study.raters}
    return Plan(calibration=tuple(calibration), main=main, minutes=minutes)


def _blocks(questions: Sequence[StudyQuestion]) -> list[Block]:
    blocks: dict[str, list[StudyQuestion]] = {}
    for question in questions:
        blocks.setdefault(question.item.group or f"\0{question.item.id}", []).append(question)
    return [tuple(block) for block in blocks.values()]


def _draw(blocks: list[Block], limit: int | None, draw: random.Random) -> list[Block]:
    shuffled = draw.sample(blocks, len(blocks))
    return shuffled if limit is None else _first(shuffled, limit)


def _first(blocks: Sequence[Block], questions: int) -> list[Block]:
    """Whole blocks from the start as far as they fit into so many questions; one block at least, unless 0."""
    taken: list[Block] = []
    for block in blocks if questions else ():
        if not taken or _count(taken) + len(block) <= questions:
            taken.append(block)
    return taken


def _count(blocks: Sequence[Block]) -> int:
    return sum(map(len, blocks))


def _answers(blocks: Sequence[Block]) -> int:
    return sum(question.answers for block in blocks for question in block)


def _fit(study: Study, calibration: Sequence[Block], rest: Sequence[Block]) -> list[Block]:
    """As many blocks as every rater has time for; shares are even to about one block, so the last steps are tried."""
    assert study.minutes is not None
    budget = study.minutes / study.minutes_per_answer - _answers(calibration)
    fits: list[Block] = []
    for block in rest:
        if _answers([*fits, block]) * study.overlap / len(study.raters) > budget:
            break
        fits.append(block)
    while fits and max(map(_answers, _share(study, fits).values())) > budget:
        fits.pop()
    if not fits:
        raise UserError(
            f"raters.minutes: {study.minutes:g} minutes are too few for a single question after the calibration of "
            f"{_answers(calibration)} answers, at {study.minutes_per_answer:g} minutes each"
        )
    return fits


def _share(study: Study, blocks: Sequence[Block]) -> dict[str, tuple[Block, ...]]:
    draw = random.Random(f"shares {study.seed}")
    shares: dict[str, list[Block]] = {rater: [] for rater in study.raters}
    load: Counter[str] = Counter()
    met: Counter[frozenset[str]] = Counter()
    # The largest first: small ones even out what is left.
    for block in sorted(blocks, key=lambda block: -_answers([block])):
        chosen: list[str] = []
        for _ in range(study.overlap):
            free = [rater for rater in study.raters if rater not in chosen]
            tie = {rater: draw.random() for rater in free}
            chosen.append(
                min(free, key=lambda r: (load[r], sum(met[frozenset((r, other))] for other in chosen), tie[r]))
            )
        for rater in chosen:
            shares[rater].append(block)
            load[rater] += _answers([block])
            met.update(frozenset((rater, other)) for other in chosen if other < rater)
    return {rater: tuple(share) for rater, share in shares.items()}
