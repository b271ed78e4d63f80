"""Says what a logger may hold of a stage beside its curves; each service fills it as far as it can."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hypnos.report.lineage import Ingredient


class StageBoard(ABC):
    """What every logger of a service has, beside Lightning's own methods for numbers and settings."""

    @abstractmethod
    def show_table(self, name: str, *, head: Sequence[str], rows: Sequence[Sequence[Any]], step: int) -> None:
        """Show a table; a later one of the same name takes its place."""

    @abstractmethod
    def show_picture(self, name: str, file: Path) -> None:
        """Show a PNG."""

    @abstractmethod
    def log_lineage(self, *, used: Iterable[Ingredient], model: Path) -> None:
        """Note what the stage was made from, and where the model lies that it made."""

    @abstractmethod
    def finish(self, *, failed: bool) -> None:
        """End the run, or the next stage would go on writing into it."""

    def share_axis(self, names: Iterable[str]) -> None:  # noqa: B027  most services draw a number by steps alone
        """Draw these numbers along the steps of the whole experiment, where there can be such an axis."""
