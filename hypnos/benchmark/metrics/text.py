"""Base class of metrics that compare an answer's tokens with those of its references."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from hypnos.benchmark.metrics.metric import ItemMetric, Scores
from hypnos.benchmark.metrics.overlap import Overlap, count_overlap
from hypnos.benchmark.metrics.segment import Segmentation
from hypnos.specialty.folder import Specialty


class TextMetric(ItemMetric):
    """A metric over tokens.

    Args:
        segmentation: `characters` or `words`; names of the latter end in `_words`.
        folder: see `ItemMetric`.
    """

    def __init__(self, *, segmentation: Segmentation = "characters", folder: Path) -> None:
        self.segmentation = segmentation
        super().__init__(folder=folder, variant=segmentation)

    @classmethod
    def make(cls, *, specialty: Specialty, segmentation: Segmentation | None, folder: Path) -> Self | None:
        del specialty
        return cls(segmentation=segmentation or "characters", folder=folder)

    @abstractmethod
    def from_overlap(self, overlap: Overlap) -> Scores:
        """Values from what answers and references share."""

    def score(self, *, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:  # type: ignore[override]
        return self.from_overlap(count_overlap(tuple(predictions), tuple(map(tuple, references)), self.segmentation))

    def named(self, name: str) -> str:
        """A metric's name in this segmentation."""
        return name if self.segmentation == "characters" else f"{name}_words"
