"""Works through blocks in this process; workers elsewhere do the same by deriving from it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Self

from hypnos.errors import UserError


class Work(ABC):
    """What is done with blocks. It is sent to workers, as blocks and what becomes of them are, so it must pickle."""

    @abstractmethod
    def work(self, block: Any) -> Any:
        """In any process and any order: what needs no other block."""


class WorkerKilled(UserError):
    """A worker was ended from outside, as where memory is short."""


class Workers:
    """Who works through blocks: this process alone. A context; what it started ends with it."""

    def spread(self, work: Work, blocks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each block with what `work.work` makes of it, in their order.

        Args:
            work: what is done.
            blocks: read as they are needed.

        Raises:
            WorkerKilled: once too often for one block.
            UserError: see the work.
        """
        for block in blocks:
            yield block, work.work(block)

    def close(self) -> None:
        """End what was started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


HERE = Workers()
"""No other process."""
