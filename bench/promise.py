"""A promise of the project, with the figure that keeps or breaks it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Promise:
    """`figure` must be at most `bound`; None where what it needs is not here."""

    what: str
    figure: float | None
    bound: float

    @property
    def verdict(self) -> str:
        if self.figure is None:
            return "skipped"
        return "kept" if self.figure <= self.bound else "MISSED"


Measure = Callable[[], Iterable[Promise]]
