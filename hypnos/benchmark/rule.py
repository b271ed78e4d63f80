"""Somebody else's rule for choice questions, whose number stands beside ours under its own label."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hypnos.benchmark.items import Item


class Rule(Protocol):
    """Reads letters from answers, and adds up what is right."""

    label: str

    def extract(self, answer: str, item: Item) -> tuple[str | None, str]:
        """Letters, or None, and the name of the rule that fired."""

    def score(self, picked: Sequence[str], items: Sequence[Item]) -> np.ndarray:
        """What each item adds, `(N,)`: the mean is the rule's number."""
