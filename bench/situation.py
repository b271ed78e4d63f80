"""A situation in which the numbers of a report are simulated, and how often they were wrong."""

from dataclasses import dataclass
from typing import Protocol

FEW = 7
"""With fewer groups, or fewer values of the rarer kind, the truth may be held in more than `HELD` percent: right and
wrong answers can be so few that an interval either holds the truth in 100 % or in less than 93."""


class Situation(Protocol):
    """What is simulated; `str` names it."""

    @property
    def coarse(self) -> bool:
        """Whether there are so few groups, or values of one kind, that intervals may hold the truth too often."""

    def simulate(self, runs: int) -> "Figures":
        """Make the numbers of a report so many times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Percent of runs: p below 0.05 where nothing differs, and intervals without the truth."""

    alarms: float
    mean_missed: float
    difference_missed: float


def percent(runs: int, alarms: int, mean_missed: int, difference_missed: int) -> Figures:
    """Counts as percent of all runs."""
    scale = 100 / runs
    return Figures(alarms=alarms * scale, mean_missed=mean_missed * scale, difference_missed=difference_missed * scale)
