"""Reads what a search looks for: one number of an arm, and which way it is good."""

from dataclasses import dataclass

from hypnos.benchmark.metrics.table import find_number
from hypnos.errors import UserError

HELD_OUT = "bits_per_char"
"""The measure of held-out text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A number to look for.

    Attributes:
        measured_on: name of a held-out set, or of a task.
        measure: `bits_per_char` of a held-out set, or a metric of a task.
    """

    measured_on: str
    measure: str

    @property
    def held_out(self) -> bool:
        """Whether it is measured on held-out text, and not on a task."""
        return self.measure == HELD_OUT

    @property
    def direction(self) -> str:
        """In the words of a sweeper: `minimize` or `maximize`."""
        number = find_number(self.measure)
        return "minimize" if self.held_out or (number and number.better == "lower") else "maximize"


def read_objective(text: str) -> Objective:
    """From `anesthesia.bits_per_char` or `anecq.accuracy`.

    Raises:
        UserError: it has another form.
    """
    measured_on, dot, measure = text.partition(".")
    if not (measured_on and dot and measure):
        raise UserError(f"objective {text!r}: <held-out set>.{HELD_OUT} or <task>.<metric>, such as anecq.accuracy")
    return Objective(measured_on=measured_on, measure=measure)


def name_direction(text: str) -> str:
    """The direction of an objective as it stands in a configuration; a wrong one is refused later, in one line."""
    try:
        return read_objective(str(text)).direction
    except UserError:
        return "minimize"
