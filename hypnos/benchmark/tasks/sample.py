"""Draws some of a task's questions, in the proportions of its topics and levels, always the same under a seed."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from hypnos.benchmark.items import Item


def draw_sample(items: Sequence[Item], number: int, seed: int) -> list[Item]:
    """Draw questions, stratified by topic and level, in the order of the file.

    A stratum of n questions has one in each n-th of the way through the draw, so that every beginning of the draw has
    the proportions of the whole, to within one question a stratum. A larger sample holds every smaller one, and what
    was answered for that is not asked again.

    Args:
        items: all questions.
        number: how many; all of them where there are no more.
        seed: another one draws others.
    """
    if number >= len(items):
        return list(items)
    strata: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        strata[item.topic, item.level].append(item)
    turns: dict[str, tuple[float, float]] = {}
    for stratum, members in strata.items():
        start = _chance(seed, "stratum", *stratum)
        shuffled = sorted(members, key=lambda item: _chance(seed, "item", item.id))
        for rank, item in enumerate(shuffled):
            turns[item.id] = ((rank + start) / len(members), start)
    drawn = set(sorted(turns, key=turns.__getitem__)[:number])
    return [item for item in items if item.id in drawn]


def _chance(seed: int, *names: str) -> float:
    """A number from 0 to 1, the same for the same names."""
    digest = hashlib.sha256("\0".join((str(seed), *names)).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
