"""Why nothing more is sent."""

import asyncio
from collections.abc import Callable


class Stop:
    """Set once, by whoever finds out; everybody looks before sending. Lives in one event loop."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._event = asyncio.Event()
        self.listeners: list[Callable[[Exception], None]] = []

    def set(self, error: Exception) -> None:
        """Stop; the first reason stays."""
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
        """Sleep, or wake up at a stop and raise its reason."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        self.check()
