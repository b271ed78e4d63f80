"""How answers look, whatever is right: how long, empty, without an end."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Value

from hypnos.benchmark.metrics.metric import ItemMetric, Scores, sign
from hypnos.report.results import Metric


class Shape(ItemMetric):
    """Mean length in characters without blanks, share of empty answers and of answers that never stopped."""

    columns: Mapping[str, Any] = {"predictions": Value("string"), "finished": Value("bool")}

    def notes(self) -> tuple[Metric, ...]:
        level = "level:mean of answers"
        length = sign("unit:characters without blanks", level)
        cut = sign("cut at the limit of tokens", level)
        return (
            Metric(name="length", signature=length, family="answers", better="neither", share=False),
            Metric(name="empty", signature=sign(level), family="answers", better="lower"),
            Metric(name="unfinished", signature=cut, family="answers", better="lower"),
        )

    def score(self, *, predictions: Sequence[str], finished: Sequence[bool]) -> Scores:  # type: ignore[override]
        lengths = np.array([len("".join(text.split())) for text in predictions], dtype=float)
        return Scores(
            {
                "length": lengths,
                "empty": (lengths == 0).astype(float),
                "unfinished": 1.0 - np.array(finished, dtype=float),
            }
        )
