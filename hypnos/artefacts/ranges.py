"""Says beside an argument which values it may have: `lora_dropout: Annotated[float, Range(least=0, below=1)] = 0.0`.

What is said so once is checked wherever a configuration names the argument (`hypnos.artefacts.value_check`), before
anything is made.
"""

import codecs
import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Numbers an argument may be; each bound is said or None.

    Attributes:
        least: bound that belongs to the range.
        above: bound that does not.
        most: bound that belongs to the range.
        below: bound that does not.
    """

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None

    def fits(self, value: Any) -> bool:
        return (
            math.isfinite(value)
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"from {_short(self.least)} to {_short(self.most)}"
        bounds = {"at least": self.least, "above": self.above, "at most": self.most, "below": self.below}
        return " and ".join(f"{word} {_short(bound)}" for word, bound in bounds.items() if bound is not None)


def _short(bound: float) -> str:
    return str(int(bound) if bound == int(bound) else bound)


@dataclass(frozen=True, slots=True)
class Filled:
    """A list, or names with values, of one entry at least."""

    def fits(self, value: Any) -> bool:
        return bool(value)

    def __str__(self) -> str:
        return "not empty"


@dataclass(frozen=True, slots=True)
class Form:
    """Text of a pattern.

    Attributes:
        pattern: a regular expression that fits all of it.
        words: the pattern, said to people.
    """

    pattern: str
    words: str

    def fits(self, value: Any) -> bool:
        return re.fullmatch(self.pattern, value) is not None

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class KnownEncoding:
    """A name that Python has an encoding for."""

    def fits(self, value: Any) -> bool:
        try:
            codecs.lookup(value)
        except LookupError:
            return False
        return True

    def __str__(self) -> str:
        return "an encoding, such as utf-8-sig or gb18030"


Count = Annotated[int, Range(least=1)]
Natural = Annotated[int, Range(least=0)]
Seed = Annotated[int, Range(least=0, most=2**32 - 1)]
"""What numpy, torch and Lightning all take."""

Positive = Annotated[float, Range(above=0)]
NotNegative = Annotated[float, Range(least=0)]
Share = Annotated[float, Range(least=0, most=1)]
ShareAboveZero = Annotated[float, Range(above=0, most=1)]

Encoding = Annotated[str, KnownEncoding()]
Device = Annotated[str, Form(r"auto|(cpu|cuda|mps|xpu|npu)(:\d+)?", "auto, cpu, cuda, cuda:1, mps, xpu or npu")]
FloatType = Literal["float32", "bfloat16", "float16", "float64"]
Egress = Literal["any", "local"]
PackingMethod = Literal["best_fit", "first_fit", "none"]
WandbMode = Literal["online", "offline", "disabled"]
