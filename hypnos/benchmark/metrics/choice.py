"""Choice questions: which letters were picked, against those that are right."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Value

from hypnos.benchmark.choice.extract import VERSION
from hypnos.benchmark.metrics.metric import ItemMetric, Scores, sign
from hypnos.report.results import Metric


class Choice(ItemMetric):
    """Accuracy by equality of sets of letters; beside it F1 and Jaccard over options, and the share unparsed.

    Two letters on a question with one right answer are wrong, as is a part of several right ones. Predictions are
    letters, "" where none could be read from the answer; references are the right letters.
    """

    columns: Mapping[str, Any] = {"predictions": Value("string"), "references": Value("string")}

    def notes(self) -> tuple[Metric, ...]:
        how = {"accuracy": "set equality", "option_f1": "f1", "option_jaccard": "jaccard", "unparsed": "none read"}
        made_of = {
            name: sign(f"read:rules-{VERSION}", f"letters:{what}", "level:mean of answers")
            for name, what in how.items()
        }
        return (
            Metric(name="accuracy", signature=made_of["accuracy"], family="choice", headline=True),
            Metric(name="option_f1", signature=made_of["option_f1"], family="choice"),
            Metric(name="option_jaccard", signature=made_of["option_jaccard"], family="choice"),
            Metric(name="unparsed", signature=made_of["unparsed"], family="choice", better="lower"),
        )

    def score(self, *, predictions: Sequence[str], references: Sequence[str]) -> Scores:  # type: ignore[override]
        picked, right = [set(letters) for letters in predictions], [set(letters) for letters in references]
        shared = np.array([len(a & b) for a, b in zip(picked, right)])
        either = np.array([len(a | b) for a, b in zip(picked, right)])
        both = np.array([len(a) + len(b) for a, b in zip(picked, right)])
        return Scores(
            {
                "accuracy": np.array([float(a == b) for a, b in zip(picked, right)]),
                "option_f1": 2 * shared / np.maximum(both, 1),
                "option_jaccard": shared / np.maximum(either, 1),
                "unparsed": np.array([float(not letters) for letters in picked]),
            }
        )


class LetterAccuracy(ItemMetric):
    """Accuracy of letters found in another way than by reading an answer: by likelihood.

    Args:
        name: of the number.
        way: how the letters were found, for the signature.
        headline: see `Metric`.
        folder: see `ItemMetric`.
    """

    columns: Mapping[str, Any] = Choice.columns

    def __init__(self, *, name: str, way: str, headline: bool = False, folder: Path) -> None:
        self._number, self._way, self._headline = name, way, headline
        super().__init__(folder=folder)

    def notes(self) -> tuple[Metric, ...]:
        made_of = sign(self._way, "letters:set equality", "level:mean of answers")
        return (Metric(name=self._number, signature=made_of, family="choice", headline=self._headline),)

    def score(self, *, predictions: Sequence[str], references: Sequence[str]) -> Scores:  # type: ignore[override]
        return Scores({self._number: np.array([float(set(a) == set(b)) for a, b in zip(predictions, references)])})
