"""Holds the answers that a judge is shown: those of several models to one task, question by question."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.tasks.sample import draw_sample
from hypnos.errors import UserError

Predictions = Mapping[str, Sequence[Prediction]]
"""The answers of each model, by its name."""


@dataclass(frozen=True, slots=True)
class Case:
    """One answer to judge."""

    item: Item
    model: str
    prediction: Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAnswers:
    """The answers of several models to one task.

    Attributes:
        task: the task's name, which stands in the rows of verdicts.
        items: its questions.
        predictions: the answers, of every model.
        egress: `local` where the whole task must not leave the machine; an item of its own may say so too.
    """

    task: str
    items: Sequence[Item]
    predictions: Predictions
    egress: str = "any"

    def cases(self, limit: int | None = None) -> Iterator[Case]:
        """The answers of every model, question by question, of all or of a sample of `limit` questions.

        Raises:
            UserError: a model has no answer to one of the questions.
        """
        answers_of = {model: _by_item(answers) for model, answers in self.predictions.items()}
        drawn = self.items if limit is None else draw_sample(self.items, limit, seed=0)
        for item in drawn:
            for model, answers in answers_of.items():
                if item.id not in answers:
                    missing = sum(other.id not in answers for other in self.items)
                    raise UserError(
                        f"{self.task}: {model} has no answer to {item.id} ({missing} of {len(self.items)} missing)"
                    )
                for prediction in answers[item.id]:
                    yield Case(item, model, prediction)

    def egress_of(self, item: Item) -> str:
        """`local` where the task or the item must not leave the machine, else `any`."""
        return "local" if "local" in (self.egress, item.egress) else "any"


def _by_item(answers: Sequence[Prediction]) -> dict[str, list[Prediction]]:
    samples: dict[str, list[Prediction]] = {}
    for answer in sorted(answers, key=lambda answer: answer.sample):
        samples.setdefault(answer.item, []).append(answer)
    return samples
