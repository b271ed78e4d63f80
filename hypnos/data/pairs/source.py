"""Reads pairs of answers from a source, or one of both answers alone, without those whose scores hardly differ.

A pair is checked before its margin is: what is wrong with a row is never told as a matter of selection.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.ranges import NotNegative
from hypnos.corpus.records import Instruction, Unusable
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
        least_margin: by how much the better answer is scored higher at least. A pair that nobody scored is refused,
            but with 0 it counts.
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
        if margin is None or not 0 <= margin < self.least_margin:
            return None  # what is wrong with any other margin is told by `records`
        self._read(row, "", lambda what: None)
        return f"margin below {self.least_margin:g}"

    def records(self, row: Any, name: str, note: Note) -> Iterator[Preference]:
        pair = self._read(row, name, note)
        if pair.margin is None and self.least_margin:
            raise Unusable(
                "no margin: needs score_chosen and score_rejected, score_a and score_b, or margin; "
                f"sources.{name}.least_margin=0 takes pairs that nobody scored"
            )
        if pair.margin is not None and not pair.margin > 0:
            raise Unusable(f"neither answer is the better one: the margin is {pair.margin:g}")
        yield pair

    def _read(self, row: Any, name: str, note: Note) -> Preference:
        return to_preference(row, source=name, scale=(self.scale[0], self.scale[1]), note=note)


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
