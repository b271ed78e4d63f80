"""Base class of whatever answers a task's questions: a local model, a model behind an address, a file of answers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError


class Answerer(ABC):
    """A model under test.

    Attributes:
        name: how the report calls it.
        gives_likelihoods: whether it can be asked for log-likelihoods.
    """

    name: str
    gives_likelihoods: bool = False

    @abstractmethod
    def key(self, task: Task, request_type: RequestType) -> dict[str, Any]:
        """What decides its answers, besides the task's questions and their words; plain values."""

    @abstractmethod
    def check(self, tasks: Sequence[Task]) -> None:
        """Raise UserError if it cannot answer these tasks; called before anything is answered."""

    @abstractmethod
    def answer(
        self, task: Task, items: Sequence[Item], request_type: RequestType, *, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        """Answer items, in groups whose members are ready together, in any order.

        Groups are made of all items, whatever is done already: a run that was stopped between two groups and goes
        on with the others writes what an unbroken run writes.

        Args:
            task: whose words and limits they are asked with.
            items: all of them.
            request_type: how.
            done: item and repeat of what is answered already; groups of such alone are left out.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what answering needed."""


def check_request_type(answerer: Answerer | type[Answerer], task: Task, request_type: RequestType) -> None:
    """Raise UserError for a model and a task that do not fit."""
    if request_type == "generation":
        return
    if not answerer.gives_likelihoods:
        raise UserError(
            f"{task.name} with {answerer.name}: likelihood ({request_type}) needs a model in a local folder; "
            "likelihood=auto asks it of those alone, likelihood=[] of none"
        )
    if task.kind != "choice":
        raise UserError(f"{task.name}: likelihood ({request_type}) is for tasks of kind choice, not {task.kind}")
