"""Base class of every metric: an `evaluate.Metric` that also says what each answer got."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from datasets import Features, Value
from datasets import Sequence as ListOf

import evaluate  # type: ignore[import-untyped, attr-defined, unused-ignore]  # type checkers see our command of this name
from hypnos.benchmark.items import Item
from hypnos.benchmark.metrics.segment import Segmentation
from hypnos.benchmark.metrics.table import find_number
from hypnos.benchmark.predictions import Prediction
from hypnos.errors import UserError
from hypnos.report.results import Metric
from hypnos.specialty.folder import Specialty

VERSION = 1
"""Raised when one of the metrics could give another number for the same texts."""

AnsweredItem = tuple[Item, Prediction]
"""A question and one answer to it."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The values of one metric.

    Attributes:
        items: values per answer, (N,).
        corpus: values that all answers have together.
        sums: where such values come from sums over answers: those (N, k) of each answer.
        statistic: makes of sums (b, k) the values of `corpus`, (b, m), in its order.
    """

    items: Mapping[str, np.ndarray]
    corpus: Mapping[str, float] = field(default_factory=dict)
    sums: np.ndarray | None = None
    statistic: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one metric says about a task: what each number means, the answers it is of, and the values."""

    metrics: tuple[Metric, ...]
    answered: Sequence[AnsweredItem]
    scores: Scores


class ItemMetric(evaluate.Metric):  # type: ignore[misc, name-defined, unused-ignore]
    """A metric in this process, without a hub and without gathering from several processes.

    `compute(predictions=..., references=...)` gives a number by name, and all of them under `scores`; `measure`
    gives those alone. Predictions are texts, references a list of texts for each of them.

    Args:
        folder: where the library may put its folders; inside the run.
    """

    columns: Mapping[str, Any] = {"predictions": Value("string"), "references": ListOf(Value("string"))}

    def __init__(self, *, folder: Path, variant: str = "default") -> None:
        super().__init__(config_name=variant, keep_in_memory=True, cache_dir=str(folder), seed=0)

    @classmethod
    def make(cls, *, specialty: Specialty, segmentation: Segmentation | None, folder: Path) -> Self | None:
        """The metric as a row of the table asks for it; None where the specialty lacks what it needs."""
        del specialty, segmentation
        return cls(folder=folder)

    @abstractmethod
    def signatures(self) -> Mapping[str, str]:
        """By name of each of its numbers, what must be equal for two of them to be comparable."""

    def inputs(self, answered: Sequence[AnsweredItem]) -> dict[str, Sequence[Any]]:
        """Its columns, from questions with their answers."""
        return {
            "predictions": [prediction.answer for _, prediction in answered],
            "references": [list(item.answers) for item, _ in answered],
        }

    @abstractmethod
    def score(self, **columns: Sequence[Any]) -> Scores:
        """Values from the columns, which are equally long and not empty."""

    def notes(self) -> tuple[Metric, ...]:
        """What each of its numbers means, in the words of the report."""
        return tuple(describe_number(name, signature) for name, signature in self.signatures().items())

    def measure(self, **columns: Sequence[Any]) -> Scores:
        """Values from the columns, by their names, so that prediction and reference cannot change places.

        Raises:
            UserError: there is nothing to measure.
        """
        if not columns["predictions"]:
            raise UserError(f"{self.name}: no answers to measure")
        scores: Scores = self.compute(**columns)["scores"]
        return scores

    def _info(self) -> Any:
        return evaluate.MetricInfo(  # type: ignore[attr-defined, unused-ignore]
            description=type(self).__doc__ or "",
            citation="",
            inputs_description="",
            features=Features(dict(self.columns)),
        )

    def _compute(self, **columns: Sequence[Any]) -> dict[str, Any]:
        scores = self.score(**columns)
        means = {name: float(values.mean()) for name, values in scores.items.items()}
        return {**means, **scores.corpus, "scores": scores}


def describe_number(name: str, signature: str) -> Metric:
    """A number of the table with its signature, as the report takes it.

    Raises:
        KeyError: the number has no row in the table.
    """
    number = find_number(name)
    if number is None:
        raise KeyError(f"{name}: no row of hypnos.benchmark.metrics.table has this number")
    return Metric(**asdict(number), signature=signature)


def sign(*parts: str) -> str:
    """A signature: parts joined by bars, the version of these metrics last."""
    return "|".join([*parts, f"lib:hypnos.benchmark.metrics-{VERSION}"])


def best(values: np.ndarray, references: np.ndarray) -> np.ndarray:
    """The highest of the values (N, K) over the references an answer has (N,); 0 without any."""
    there = np.arange(values.shape[1]) < references[:, None]
    return np.where(there, values, 0.0).max(1)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`part / whole`, and 0 where `whole` is 0: an empty answer is worth nothing, and is not left out."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)
