"""Says how many records of which kind are wanted: subspecialty x task x difficulty x audience."""

import math
import random
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TypeVar

from hypnos.errors import UserError
from hypnos.specialty.folder import Specialty, Topic

T = TypeVar("T", bound=Hashable)


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
        return any(frozenset((first.key, second.key)) in exclude for first, second in combinations(self.values, 2))

    def swapped(self, other: "Cell", axis: int) -> tuple["Cell", "Cell"]:
        """The two with their values of one axis exchanged."""
        first, second = list(self.values), list(other.values)
        first[axis], second[axis] = second[axis], first[axis]
        return Cell(*first), Cell(*second)


def share_out(total: int, weights: Mapping[T, float]) -> dict[T, int]:
    """Divide a number by weights: whole numbers that add up to it, each within one of its exact share."""
    all_weights = sum(weights.values())
    exact = {name: total * weight / all_weights for name, weight in weights.items()}
    shares = {name: int(share) for name, share in exact.items()}
    left = total - sum(shares.values())
    # Stable: of equal remainders the first gets it.
    for name in sorted(exact, key=lambda name: round(shares[name] - exact[name], 9))[:left]:
        shares[name] += 1
    return shares


def make_quotas(specialty: Specialty, *, records: int, block: int, seed: int) -> dict[Cell, int]:
    """Say how many records of each kind are wanted.

    Kinds get the whole part of what is due to them. What is left is drawn so that every axis keeps its shares, and a
    few records already spread over all axes.

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
    axes = [
        [value for value in axis if value.share]
        for axis in (specialty.topics, specialty.tasks, specialty.difficulties, specialty.audiences)
    ]
    kinds = [cell for values in product(*axes) if not (cell := Cell(*values)).has_any(specialty.exclude)]
    if not kinds:
        raise UserError(f"{specialty.folder}/topics.yaml: the quota cannot be met: exclude leaves nothing")
    weights = {cell: math.prod(value.share for value in cell.values) for cell in kinds}
    all_weights, blocks = sum(weights.values()), -(-records // block)
    counts = {cell: int(blocks * weight / all_weights) for cell, weight in weights.items()}
    for cell in _draw(specialty.exclude, weights, counts, blocks, seed):
        counts[cell] += 1
    quotas = {cell: count * block for cell, count in counts.items() if count}
    last = next(reversed(quotas))
    quotas[last] -= blocks * block - records
    return quotas


def _draw(
    exclude: frozenset[frozenset[str]],
    weights: Mapping[Cell, float],
    counts: Mapping[Cell, int],
    blocks: int,
    seed: int,
) -> Iterator[Cell]:
    """Yields a kind for each block that is still to be given."""
    columns: list[list[Topic]] = []
    for at in range(4):
        wanted: Counter[Topic] = Counter()
        placed: Counter[Topic] = Counter()
        for cell, weight in weights.items():
            wanted[cell.values[at]] += weight  # type: ignore[assignment]
            placed[cell.values[at]] += counts[cell]
        # Of equal remainders a drawn one gets it, or few records would always leave out the last topics.
        chance = random.Random(f"{seed}/{at}")
        due = share_out(blocks, dict(chance.sample(list(wanted.items()), len(wanted))))
        # What is placed is at most the whole part of what is due, so that every column has as many values as
        # there are blocks left.
        column = [value for value, number in due.items() for _ in range(number - placed[value])]
        chance.shuffle(column)
        columns.append(column)
    drawn = list(map(Cell, *columns))
    _swap(drawn, exclude)
    good = [cell for cell in drawn if not cell.has_any(exclude)]
    yield from good
    yield from _nearest(columns, good, list(weights))


def _swap(cells: list[Cell], exclude: frozenset[frozenset[str]]) -> None:
    """Exchange values between kinds, each within its axis, until as few as can be are among those left out."""
    for at, cell in enumerate(cells):
        if not cell.has_any(exclude):
            continue
        for other, axis in product(range(len(cells)), range(4)):
            mended, partner = cell.swapped(cells[other], axis)
            # The other one may have been wrong itself; it must not become so.
            if not mended.has_any(exclude) and partner.has_any(exclude) <= cells[other].has_any(exclude):
                cells[at], cells[other] = mended, partner
                break


def _nearest(columns: Sequence[Sequence[Topic]], good: Sequence[Cell], kinds: Sequence[Cell]) -> Iterator[Cell]:
    """Yields kinds for the values that no exchange could place: those that hold most of what is lacking."""
    lacking = [Counter(column) - Counter(cell.values[at] for cell in good) for at, column in enumerate(columns)]
    for _ in range(lacking[0].total()):
        kind = max(kinds, key=lambda cell: sum(lack[value] for lack, value in zip(lacking, cell.values, strict=True)))
        for lack, value in zip(lacking, kind.values, strict=True):
            lack[value] -= 1
        yield kind
