"""Tells everybody who sends that nothing more shall be sent, and why."""

import asyncio
from collections.abc import Callable


class Cancellation:
    """Set once, by whoever finds the reason; every sender looks before it sends. Lives in one event loop.

    Attributes:
        error: the reason; None while sending goes on.
        listeners: called with the reason once there is one; worker processes are told by them.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.listeners: list[Callable[[Exception], None]] = []
        self._event = asyncio.Event()

    def cancel(self, error: Exception) -> None:
        """Let nothing more be sent; the first reason stays."""
        if self.error is None:
            self.error = error
            self._event.set()
            for listener in self.listeners:
                listener(error)

    def check(self) -> None:
        """Raise the reason, if there is one."""
        if self.error is not None:
            raise self.error

    async def sleep(self, seconds: float) -> None:
        """Sleep, or wake up at a cancellation and raise its reason."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        self.check()
