"""Measures the form of answers, whatever is right: how long, empty, without an end, after a thought."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Value

from hypnos.benchmark.metrics.metric import AnsweredItem, ItemMetric, Scores, sign

_FLAGS = ("finished", "out_of_context", "thought_cut")
_COUNTS = ("thought", "thought_tokens")


class Shape(ItemMetric):
    """Mean length in characters without blanks, and shares of answers that are empty, never stopped, had no room.

    What did not fit the context is counted as that, and neither as empty nor as without an end.
    """

    columns: Mapping[str, Any] = {
        "predictions": Value("string"),
        **{name: Value("bool") for name in _FLAGS},
        **{name: Value("int64") for name in _COUNTS},
    }

    def signatures(self) -> Mapping[str, str]:
        level = "level:mean of answers"
        return {
            "length": sign("unit:characters without blanks", level),
            "empty": sign(level),
            "unfinished": sign("cut at the limit of tokens", level),
            "out_of_context": sign("no room behind the prompt", level),
            "thought": sign("reasoning between marks or counted", level),
            "thought_tokens": sign("by characters where nobody counts", level),
            "thought_cut": sign("at the limit of tokens of the thought", level),
        }

    def inputs(self, answered: Sequence[AnsweredItem]) -> dict[str, Sequence[Any]]:
        return {
            "predictions": [prediction.answer for _, prediction in answered],
            **{name: [getattr(prediction, name) for _, prediction in answered] for name in (*_FLAGS, *_COUNTS)},
        }

    def score(  # type: ignore[override]
        self, *, predictions: Sequence[str], **columns: Sequence[float]
    ) -> Scores:
        lengths = np.array([len("".join(text.split())) for text in predictions], dtype=float)
        values = {name: np.array(column, dtype=float) for name, column in columns.items()}
        fits = 1.0 - values["out_of_context"]
        return Scores(
            {
                "length": lengths,
                "empty": (lengths == 0) * fits,
                "unfinished": (1.0 - values["finished"]) * fits,
                "out_of_context": values["out_of_context"],
                "thought": ((values["thought"] > 0) | (values["thought_tokens"] > 0)).astype(float),
                "thought_tokens": values["thought_tokens"],
                "thought_cut": values["thought_cut"],
            }
        )
