"""Measures the form of answers, whatever is right: how long, empty, without an end."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Value

from hypnos.benchmark.metrics.metric import AnsweredItem, ItemMetric, Scores, sign


class Shape(ItemMetric):
    """Mean length in characters without blanks, share of empty answers and of answers that never stopped."""

    columns: Mapping[str, Any] = {"predictions": Value("string"), "finished": Value("bool")}

    def signatures(self) -> Mapping[str, str]:
        level = "level:mean of answers"
        return {
            "length": sign("unit:characters without blanks", level),
            "empty": sign(level),
            "unfinished": sign("cut at the limit of tokens", level),
        }

    def inputs(self, answered: Sequence[AnsweredItem]) -> dict[str, Sequence[Any]]:
        return {
            "predictions": [prediction.answer for _, prediction in answered],
            "finished": [prediction.finished for _, prediction in answered],
        }

    def score(self, *, predictions: Sequence[str], finished: Sequence[bool]) -> Scores:  # type: ignore[override]
        lengths = np.array([len("".join(text.split())) for text in predictions], dtype=float)
        return Scores(
            {
                "length": lengths,
                "empty": (lengths == 0).astype(float),
                "unfinished": 1.0 - np.array(finished, dtype=float),
            }
        )
