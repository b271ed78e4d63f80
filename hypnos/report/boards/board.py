"""Says what a report or a funnel is shown on: tables, pictures, numbers, files and lineage, at any service."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypnos.report.lineage import Ingredient

Rows = Sequence[Sequence[Any]]
"""The head of a table, then its rows."""

Picture = tuple[Path, str]
"""A PNG and its title."""


class Board(ABC):
    """A run at a service that has begun; each method keeps what the service can hold."""

    @abstractmethod
    def show(self, *, tables: Mapping[str, Rows], pictures: Mapping[str, Picture]) -> None:
        """Show tables and PNGs by name."""

    @abstractmethod
    def summarise(self, values: Mapping[str, float]) -> None:
        """Show numbers of the run as a whole."""

    @abstractmethod
    def keep(self, name: str, files: Iterable[Path], *, kind: str) -> None:
        """Send files, under one name and kind where files can have these."""

    @abstractmethod
    def trace(self, *, used: Iterable[Ingredient], made: Iterable[Ingredient]) -> None:
        """Note what the run read and what it wrote; nothing of it is sent."""

    def chart(self, name: str, rows: Rows, *, fields: Mapping[str, str], title: str) -> None:
        """Draw lines from a table, whose columns `x`, `y` and `stroke` name; as a table where nothing can be drawn."""
        self.show(tables={name: rows}, pictures={})


class Account(ABC):
    """Where runs are sent; it names no secret: keys come from the environment."""

    @contextmanager
    @abstractmethod
    def board(
        self, job_type: str, *, config: Mapping[str, Any], name: str | None = None, group: str | None = None
    ) -> Iterator[Board]:
        """Begin a run, and end it with the block.

        Args:
            job_type: what the run does.
            config: what it was asked for.
            name: of the run.
            group: what the run belongs to where none was set.
        """
