"""How many records of which kind are wanted: subspecialty x task x difficulty x audience."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from hypnos.corpus.errors import UserError
from hypnos.corpus.specialty import Specialty, Topic

ROUNDING = 1e-6
"""Blocks, or parts of one, that are equal up to the rounding of floating point."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of record."""

    topic: Topic
    task: Topic
    difficulty: Topic
    audience: Topic

    @property
    def name(self) -> str:
        return " x ".join(value.key for value in self.values)

    @property
    def values(self) -> tuple[Topic, Topic, Topic, Topic]:
        return self.topic, self.task, self.difficulty, self.audience

    def has_any(self, exclude: frozenset[frozenset[str]]) -> bool:
        """Whether two of its keys must not stand together."""
        return any(frozenset((one.key, other.key)) in exclude for one, other in combinations(self.values, 2))


def make_quotas(specialty: Specialty, *, records: int, block: int, seed: int) -> dict[Cell, int]:
    """Say how many records of each kind are wanted.

    Kinds get the whole part of what is due to them; of what is left, each block goes to the kind whose topic, task,
    difficulty and audience are furthest behind their shares, so that a few records already spread over all axes.

    Args:
        specialty: axes with their shares, and the pairs that are left out.
        records: how many in all.
        block: records that one prompt asks for; a quota is a multiple of it, but for one.
        seed: of the draw.

    Returns:
        Kinds that are wanted, in the order of the axes.

    Raises:
        UserError: the pairs left out leave nothing.
    """
    axes = [[value for value in axis if value.share] for axis in _axes(specialty)]
    cells = [cell for values in product(*axes) if not (cell := Cell(*values)).has_any(specialty.exclude)]
    if not cells:
        raise UserError(f"{specialty.folder}/topics.yaml: the quota cannot be met: exclude leaves nothing")
    weight = np.array([math.prod(value.share for value in cell.values) for cell in cells])
    blocks = -(-records // block)
    due = blocks * weight / weight.sum()
    given = np.floor(due + ROUNDING)
    _give_the_rest(cells, due - given, given, blocks - int(given.sum()), seed)
    counts = dict(zip(cells, given.astype(int).tolist(), strict=True))
    quotas = {cell: count * block for cell, count in counts.items() if count}
    last = next(reversed(quotas))
    quotas[last] -= blocks * block - records
    return quotas


def _axes(specialty: Specialty) -> tuple[tuple[Topic, ...], ...]:
    return specialty.topics, specialty.tasks, specialty.difficulties, specialty.audiences


def _give_the_rest(cells: Sequence[Cell], behind: np.ndarray, given: np.ndarray, blocks: int, seed: int) -> None:
    """Give out blocks one by one; `behind` is what each kind still has to get, a fraction of a block."""
    places = [
        [{value: at for at, value in enumerate(dict.fromkeys(axis))}[value] for value in axis]
        for axis in zip(*(cell.values for cell in cells), strict=True)
    ]
    axes = [np.array(place) for place in places]
    lacking = [np.bincount(axis, weights=behind) for axis in axes]
    chance = random.Random(seed)
    # Far smaller than any difference that matters: draws among kinds that are equally far behind.
    drawn = np.array([chance.random() for _ in cells]) * ROUNDING
    for _ in range(blocks):
        at = int(np.argmax(behind + sum(lack[axis] for lack, axis in zip(lacking, axes, strict=True)) + drawn))
        given[at] += 1
        behind[at] -= 1
        for lack, axis in zip(lacking, axes, strict=True):
            lack[axis[at]] -= 1
