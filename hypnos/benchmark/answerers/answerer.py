"""Whoever answers a task's questions: a local model, a model behind an address, or a file of answers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError

Way = Literal["generation", "letters", "texts", "yes_no"]
"""How a question is answered: in words; or, a choice question, by the likelihood of each option's letter, of each
option's text, or of yes and no to each option."""

LIKELIHOOD: tuple[Way, ...] = ("letters", "texts", "yes_no")


class Answerer(ABC):
    """A model under test.

    Attributes:
        name: how the report calls it.
        weighs: whether it can be asked for likelihoods.
    """

    name: str
    weighs: bool = False

    @abstractmethod
    def key(self, task: Task, way: Way) -> dict[str, Any]:
        """What decides its answers, besides the task's questions and their words; plain values."""

    @abstractmethod
    def check(self, tasks: Sequence[Task]) -> None:
        """Raise UserError if it cannot answer these tasks; called before anything is answered."""

    @abstractmethod
    def answer(
        self, task: Task, items: Sequence[Item], way: Way, *, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        """Answer items, in groups whose members are ready together, in any order.

        Groups are made of all items, whatever is done already: a run that was stopped between two groups and goes
        on with the others writes what an unbroken run writes.

        Args:
            task: whose words and limits they are asked with.
            items: all of them.
            way: how.
            done: item and repeat of what is answered already; groups of such alone are left out.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what answering needed."""


def check_way(answerer: Answerer | type[Answerer], task: Task, way: Way) -> None:
    """Raise UserError for a model and a task that do not fit."""
    if way == "generation":
        return
    if not answerer.weighs:
        raise UserError(
            f"{task.name} with {answerer.name}: likelihood ({way}) needs a model in a local folder; "
            "likelihood=auto asks it of those alone, likelihood=[] of none"
        )
    if task.kind != "choice":
        raise UserError(f"{task.name}: likelihood ({way}) is for tasks of kind choice, not {task.kind}")
