"""Holds the questions that are already there: seeds first, then what the authors wrote."""

import random
from array import array
from collections import defaultdict
from collections.abc import Iterable

from hypnos.curation.generate.novelty import Likeness, Novelty
from hypnos.curation.generate.quotas import Cell
from hypnos.specialty.folder import Seed

SHOWN = 60
"""Characters of a question that a prompt shows."""


class Pool:
    """Questions by kind, and whether one is new. Answers are not held."""

    def __init__(self, seeds: Iterable[Seed], novelty: Novelty) -> None:
        self._novelty = novelty
        self._by_task: defaultdict[tuple[str, str], array] = defaultdict(lambda: array("I"))
        self._by_topic: defaultdict[str, array] = defaultdict(lambda: array("I"))
        for seed in seeds:
            question = f"{seed.instruction}\n{seed.input}" if seed.input else seed.instruction
            self._keep(seed.topic, seed.task, novelty.add(seed.id, question))

    def add(self, id: str, question: str, cell: Cell) -> Likeness | None:
        """Take a question in, unless it is too like one that is there, which is then returned."""
        if like := self._novelty.nearest(question):
            return like
        self._keep(cell.topic.key, cell.task.key, self._novelty.add(id, question))
        return None

    def like(self, cell: Cell, count: int, chance: random.Random) -> list[str]:
        """Some questions of the same topic and task, or of the topic where those are too few, in drawn order."""
        near = self._by_task[cell.topic.key, cell.task.key]
        if len(near) >= count:
            chosen = chance.sample(near, count)
        else:
            others = self._by_topic[cell.topic.key]
            drawn = chance.sample(others, min(2 * count, len(others)))
            chosen = [*near, *(number for number in drawn if number not in near)][:count]
        return [" ".join(self._novelty.question(number).split())[:SHOWN] for number in chosen]

    def _keep(self, topic: str, task: str, number: int) -> None:
        self._by_task[topic, task].append(number)
        self._by_topic[topic].append(number)
