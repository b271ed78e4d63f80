"""Reads pairs of answers from a source, or one of both answers alone, without those whose scores hardly differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.ranges import NotNegative
from hypnos.corpus.records import Instruction
from hypnos.corpus.sources import Source
from hypnos.corpus.turns.left_out import Note
from hypnos.data.pairs.preference import Preference, read_margin, to_preference
from hypnos.errors import UserError

VERSION = 2
"""Raised when the same rows make other pairs."""


@dataclass(frozen=True, slots=True)
class PairSource(Source):
    """Pairs of one file, folder or Hugging Face set.

    Attributes:
        least_margin: by how much the better answer is scored higher at least; with 0 pairs count that nobody scored.
        scale: the lowest and the highest score.
    """

    least_margin: NotNegative = 1.0
    scale: Sequence[float] = (0.0, 10.0)

    def __post_init__(self) -> None:
        Source.__post_init__(self)
        if len(self.scale) != 2 or self.scale[0] >= self.scale[1]:
            raise UserError(f"{self.path}: scale {list(self.scale)}: needs the lowest and the highest score")

    def key(self) -> str:
        settings = {"least_margin": float(self.least_margin), "scale": [float(bound) for bound in self.scale]}
        return content_key({"pairs": Source.key(self), "version": VERSION, **settings})

    def leaves_out(self, row: Mapping[str, Any]) -> str | None:
        margin = read_margin(row)
        if margin is None:
            return "no margin" if self.least_margin else None
        return f"margin below {self.least_margin:g}" if 0 <= margin < self.least_margin else None

    def records(self, row: Any, name: str, note: Note) -> Iterator[Preference]:
        yield to_preference(row, source=name, scale=(self.scale[0], self.scale[1]), note=note)


@dataclass(frozen=True, slots=True)
class AnswerSource(PairSource):
    """One answer of each pair as a record: what a stage learns of the better ones alone, or how likely each side is.

    Attributes:
        side: which of both.
    """

    side: Literal["chosen", "rejected"] = "chosen"

    def key(self) -> str:
        return content_key({self.side: PairSource.key(self)})

    def records(self, row: Any, name: str, note: Note) -> Iterator[Instruction]:  # type: ignore[override]
        yield from (getattr(pair, self.side) for pair in PairSource.records(self, row, name, note))
