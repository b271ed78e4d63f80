"""Base class of whatever answers a task's questions: a local model, a model behind an address, a file of answers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from hypnos.llm.estimate import Estimate
from hypnos.llm.token_counts import usual_text

_SHORTEST = 64
"""Tokens of an answer at least, where a cost is estimated: models say in sentences what a reference says in a word."""


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

    def expect(self, task: Task, request_type: RequestType) -> Estimate:
        """What answering a task would cost, with nothing asked; by default nothing, for there is nothing to ask."""
        return Estimate(model=self.name, requests=0, held=0, tokens_in=0, tokens_out=0, usd=0.0, most_usd=0.0)

    @abstractmethod
    def close(self) -> None:
        """Free what answering needed."""


def usual_answer_tokens(task: Task) -> int:
    """About how many tokens an answer will have: as many as references do, and no fewer than `_SHORTEST`.

    Choice questions are answered at length by many models: up to the task's limit.
    """
    if task.kind == "choice":
        return task.max_new_tokens
    references = [item.answers[0] for item in task.items()]
    mean = sum(map(usual_text, references)) / len(references)
    return min(task.max_new_tokens, max(_SHORTEST, round(mean)))


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
