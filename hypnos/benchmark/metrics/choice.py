"""Measures choice questions: which letters were picked, against those that are right."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Value

from hypnos.benchmark.choice.extract import VERSION
from hypnos.benchmark.metrics.metric import AnsweredItem, ItemMetric, Scores, sign


class Choice(ItemMetric):
    """Accuracy by equality of sets of letters; beside it F1 and Jaccard over options, and the share unparsed.

    Two letters on a question with one right answer are wrong, as is a part of several right ones. Predictions are
    letters, "" where none could be read from the answer; references are the right letters.
    """

    columns: Mapping[str, Any] = {"predictions": Value("string"), "references": Value("string")}

    def signatures(self) -> Mapping[str, str]:
        how = {"accuracy": "set equality", "option_f1": "f1", "option_jaccard": "jaccard", "unparsed": "none read"}
        return {
            name: sign(f"read:rules-{VERSION}", f"letters:{what}", "level:mean of answers")
            for name, what in how.items()
        }

    def inputs(self, answered: Sequence[AnsweredItem]) -> dict[str, Sequence[Any]]:
        return {
            "predictions": [prediction.choice or "" for _, prediction in answered],
            "references": [item.answers[0] for item, _ in answered],
        }

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
        name: of the number, `accuracy_` and how the letters were found.
        read: the same for the signature.
        folder: see `ItemMetric`.
    """

    columns: Mapping[str, Any] = Choice.columns

    def __init__(self, *, name: str, read: str, folder: Path) -> None:
        self._number, self._read = name, read
        super().__init__(folder=folder)

    def signatures(self) -> Mapping[str, str]:
        return {self._number: sign(self._read, "letters:set equality", "level:mean of answers")}

    def score(self, *, predictions: Sequence[str], references: Sequence[str]) -> Scores:  # type: ignore[override]
        return Scores({self._number: np.array([float(set(a) == set(b)) for a, b in zip(predictions, references)])})
