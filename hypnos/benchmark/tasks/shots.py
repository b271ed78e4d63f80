"""Chooses the examples shown before a question, always the same."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from hypnos.artefacts.ranges import Natural, Seed
from hypnos.benchmark.items import Item
from hypnos.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """How many examples, and where from.

    Attributes:
        number: examples for each item; 0 for none.
        path: a file of examples in the layout of the task, such as the dev part of a set; None: the task's own other
            items, which shows a model answers of the set it is measured on.
        seed: another one makes another choice.
    """

    number: Natural = 0
    path: str | None = None
    seed: Seed = 0

    def __post_init__(self) -> None:
        if self.number < 0:
            raise UserError(f"shots.number: must not be below 0: {self.number}")

    def order(self, pool: Sequence[Item]) -> list[Item]:
        """The pool in the order in which examples are taken: by a hash of seed and id, not by place in the file."""
        return sorted(pool, key=lambda item: hashlib.sha256(f"{self.seed}\0{item.id}".encode()).digest())

    def choose(self, item: Item, ordered: Sequence[Item]) -> list[Item]:
        """The examples of an item: never itself, its group or its question, and each of another group.

        What must not leave the machine is an example only for an item that must not either.

        Raises:
            UserError: the pool has too few.
        """
        taken: list[Item] = []
        groups = {item.group}
        for example in ordered:
            if len(taken) == self.number:
                break
            same = example.id == item.id and self.path is None
            leaks = example.egress == "local" and item.egress != "local"
            if same or leaks or example.group in groups or example.question == item.question:
                continue
            taken.append(example)
            groups.add(example.group)
        if len(taken) < self.number:
            raise UserError(f"shots.number: {self.number} examples asked, {len(taken)} fit item {item.id}")
        return taken
