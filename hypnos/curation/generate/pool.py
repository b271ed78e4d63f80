"""Holds the questions that are already there, seeds first, then what the authors wrote, and examples out of both."""

import random
import re
from array import array
from collections import defaultdict, deque
from collections.abc import Iterable

from hypnos.curation.generate.drafts import Draft
from hypnos.curation.generate.novelty import Likeness, Novelty
from hypnos.curation.generate.quotas import Cell
from hypnos.specialty.folder import Seed

SHOWN = 60
"""Characters of a question that a prompt shows."""

REMEMBERED = 32
"""Records of a topic, the latest, that may be shown as examples."""

_ANSWER = (20, 600)  # characters of an answer that is shown: a prompt is paid for with each request
_WHOLE = re.compile(r"[。！？”）)]\s*$")
_REFUSES = re.compile(r"人工智能|语言模型|无法(?:提供|回答|给出)|抱歉|对不起|as an AI", re.IGNORECASE)


class Pool:
    """Questions by kind, and whether one is new. Of answers, only those of the latest examples are held."""

    def __init__(self, seeds: Iterable[Seed], novelty: Novelty) -> None:
        self._novelty = novelty
        self._by_task: defaultdict[tuple[str, str], array] = defaultdict(lambda: array("I"))
        self._by_topic: defaultdict[str, array] = defaultdict(lambda: array("I"))
        for seed in seeds:
            question = f"{seed.instruction}\n{seed.input}" if seed.input else seed.instruction
            self._keep(seed.topic, seed.task, novelty.add(seed.id, question))
        self._examples: defaultdict[str, deque[Seed]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def remember(self, id: str, draft: Draft, cell: Cell) -> None:
        """Keep a record that was accepted as an example, unless it is one that should not be followed.

        What the rules would reject is not known here, and must not be: another threshold of theirs would be another
        prompt, paid for again. A record is passed over that is cut, refuses, or is too short or too long to be shown.
        """
        fits = _ANSWER[0] <= len(draft.output) <= _ANSWER[1] and len(draft.question) <= _ANSWER[1]
        if fits and _WHOLE.search(draft.output) and not _REFUSES.search(draft.output):
            keys = {axis: getattr(cell, axis).key for axis in ("topic", "task", "difficulty", "audience")}
            texts = {"instruction": draft.instruction, "input": draft.input, "output": draft.output}
            self._examples[cell.topic.key].append(Seed(id=id, **texts, **keys))

    def examples(self, cell: Cell, count: int, chance: random.Random) -> list[Seed]:
        """Some records of the same topic that authors wrote, drawn."""
        having = list(self._examples[cell.topic.key])
        return chance.sample(having, min(count, len(having)))

    def written(self, since: int) -> list[str]:
        """The questions that entered from a number on."""
        return [self._novelty.question(number) for number in range(since, len(self._novelty))]

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
