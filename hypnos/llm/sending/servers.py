"""Chooses, among the addresses of one model, where a request goes: to the least loaded that takes requests.

A server that dies, hangs, or fails again and again is left. It is tried again by one request at a time, and only by one
that finds no room elsewhere; its first reply brings it back. A model with one address is never left.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager

from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel
from hypnos.llm.failures import BusyError, TransientError
from hypnos.llm.sending.pacing import Limits

log = logging.getLogger(__name__)

FIRST_LEAVE = 0.125
"""Seconds for which a server is left at least; each time in a row twice as long."""

_LONGEST_LEAVE = 60.0  # seconds, unless the server let a request hang for longer
_ROW = 5  # failures without a reply between them, of different requests, after which a server is left


class Server:
    """One address of a model.

    Attributes:
        model: who is asked there.
        limits: of this address, shared with whoever else asks there.
        left: how often it was left since its last reply.
        sent: requests so far; of servers with the same load the one with fewer takes the next.
    """

    def __init__(self, model: ChatModel, limits: Limits) -> None:
        self.model = model
        self.limits = limits
        self.left = self.sent = 0
        self._left_until = 0.0
        self._heard = -math.inf  # when it last answered
        self._failed = 0  # in a row

    def wait(self, now: float) -> float:
        """Seconds until a request may go to it; infinity where another has to end first."""
        if self.left and self.limits.in_flight:
            return math.inf
        return max(self._left_until - now if self.left else 0.0, self.limits.wait(now))

    def answered(self, sent: float) -> None:
        """Count a reply, or a refusal of the prompt, to a request that was sent at that moment."""
        if self.left:
            log.warning("llm %s: %s answers again", self.model.name, self.model.address)
        self.left = self._failed = 0
        self._heard = time.monotonic()
        self.limits.taken(sent)

    def failed(self, failure: TransientError, sent: float) -> bool:
        """Count a failure; returns whether the server hangs, or failed too often in a row."""
        self._failed += 1
        return self._failed >= _ROW or (failure.reason == "timeout" and self._heard < sent)

    def leave(self, why: str, sent: float) -> None:
        """Send it nothing for a while, after a request that was sent at that moment."""
        now = time.monotonic()
        if now < self._left_until:
            return
        lost = max(now - sent, FIRST_LEAVE)
        pause = min(lost * 2.0 ** min(self.left, 20), max(lost, _LONGEST_LEAVE))
        if not self.left:
            log.warning("llm %s: %s is left: %s", self.model.name, self.model.address, why)
        self.left += 1
        self._left_until = now + pause


class Servers:
    """All addresses of one model, in one process. Lives in one event loop."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = tuple(servers)
        self._entrance = asyncio.Lock()  # lets requests through in the order in which they came
        self._freed = asyncio.Event()
        for server in self._servers:
            server.limits.listeners.append(self._freed.set)

    def __len__(self) -> int:
        return len(self._servers)

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers)

    @property
    def pace(self) -> float | None:
        """Requests a second that all of them let through; None while one of them knows no limit."""
        paces = [server.limits.gate.pace for server in self._servers]
        return None if None in paces else sum(pace for pace in paces if pace is not None)

    async def opened(self, cancellation: Cancellation) -> None:
        """Wait while all gates are closed, so that nothing is reserved for what cannot be sent."""
        while (left := min(s.limits.gate.closed_until for s in self._servers) - time.monotonic()) > 0:
            await cancellation.sleep(left)

    @asynccontextmanager
    async def turn(
        self, tokens: int, cancellation: Cancellation, *, stays: bool = False, failed_at: Collection[Server] = ()
    ) -> AsyncIterator[tuple[Server, float]]:
        """Wait for a turn and hold it; gives the server, and the moment as its methods want it back.

        Args:
            tokens: the most that the request may count.
            cancellation: ends the wait.
            stays: the request must not leave the allowed hosts.
            failed_at: servers that failed this request: it goes to others while there are any.
        """
        allowed = [server for server in self._servers if server.model.stays_local or not stays]
        async with self._entrance:
            while True:
                cancellation.check()
                server, seconds = _choose(allowed, failed_at)
                if seconds == 0:
                    break
                await self._wake(seconds, cancellation)
            sent = server.limits.enter(tokens)
            server.sent += 1
        try:
            yield server, sent
        finally:
            server.limits.leave()

    def failed(self, server: Server, failure: TransientError, sent: float) -> None:
        """Count a failure of one request; the server is left where that is its own."""
        if server.failed(failure, sent) and len(self) > 1:
            server.leave(str(failure), sent)

    def refused(self, server: Server, refusal: BusyError, sent: float) -> bool:
        """Count a refusal for the server's state; returns whether that closed its gate."""
        if not refusal.reached and len(self) > 1:
            server.leave(str(refusal), sent)
        return server.limits.refused(refusal, sent)

    async def _wake(self, seconds: float, cancellation: Cancellation) -> None:
        """Sleep for so long, or until a request ends."""
        self._freed.clear()
        if seconds == math.inf:
            await self._freed.wait()
        elif len(self._servers) == 1:
            await cancellation.sleep(seconds)
        else:
            both = [asyncio.ensure_future(work) for work in (cancellation.sleep(seconds), self._freed.wait())]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)


def own_servers(model: ChatModel) -> Servers:
    """The servers of a model, with limits that nobody shares."""
    return Servers([Server(one, Limits(one)) for one in model.servers()])


def _choose(servers: Sequence[Server], failed_at: Collection[Server]) -> tuple[Server, float]:
    """The best server and the seconds until it may be asked: one that works, that did not fail, with the least load."""
    now = time.monotonic()
    if any(not server.left and server not in failed_at for server in servers):
        servers = [server for server in servers if server not in failed_at]
    waits = {server: server.wait(now) for server in servers}
    ready = [server for server in servers if waits[server] == 0]
    if not ready:
        return min(waits.items(), key=lambda pair: pair[1])
    return min(ready, key=lambda s: (s.left > 0, s in failed_at, s.limits.in_flight, s.sent)), 0.0
