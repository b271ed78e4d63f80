"""Works through blocks in this process; workers elsewhere do the same by deriving from it."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

from hypnos.curation.pipeline.block_work import BlockWork


class Workers:
    """Who works through blocks: this process alone. A context; what it started ends with it."""

    def spread(self, work: BlockWork, blocks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each block with what `work.work` makes of it, in their order.

        Args:
            work: what is done.
            blocks: read as they are needed.

        Raises:
            UserError: a worker was killed; or see the step.
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
