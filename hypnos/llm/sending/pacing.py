"""Paces what is sent to a model: requests in flight, requests and tokens a minute, and the wait before a retry."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel
from hypnos.llm.failures import BusyError, TransientError
from hypnos.llm.sending.gate import Gate

_FIRST_WAIT = 0.5  # seconds before the second try
_LONGEST_WAIT = 60.0  # seconds, where the server asks for none
_LONGEST_OBEYED = 600.0  # seconds, however much longer the server asks to wait


@dataclass(frozen=True, slots=True)
class Tries:
    """How long a reply is tried for.

    Attributes:
        sendings: of one request, while its own failures may pass.
        patience: seconds that a provider is waited for while it takes no requests at all.
    """

    sendings: int = 6
    patience: float = 3600.0


class Limits:
    """The limits of one model in one process: those that are stated, and those that its provider shows.

    Requests and tokens are let through at an even pace and not in bursts at the start of each minute, because
    providers count over shorter times too.
    """

    def __init__(self, model: ChatModel) -> None:
        self.gate = Gate(model.in_flight, now=time.monotonic())
        per_minute = ((model.requests_per_minute, False), (model.tokens_per_minute, True))
        self._paces = [_Pace(limit / 60.0, counts_tokens) for limit, counts_tokens in per_minute if limit is not None]
        self._in_flight = 0
        self._entrance = asyncio.Lock()  # lets requests through in the order in which they came
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def turn(self, tokens: int, cancellation: Cancellation) -> AsyncIterator[float]:
        """Wait for a turn and hold it; gives the moment, as `taken` and `refused` want it back.

        Args:
            tokens: the most that the request may count.
            cancellation: ends the wait.
        """
        async with self._entrance:
            for pace in self._paces:
                await pace.wait(tokens, cancellation)
            await self._pass(cancellation)
            sent = self.gate.send(time.monotonic(), in_flight=self._in_flight)
            self._in_flight += 1
        try:
            yield sent
        finally:
            self._in_flight -= 1
            self._freed.set()

    async def opened(self, cancellation: Cancellation) -> None:
        """Wait while the gate is closed, so that nothing is reserved for what cannot be sent."""
        while (left := self.gate.closed_until - time.monotonic()) > 0:
            await cancellation.sleep(left)

    def taken(self, sent: float) -> None:
        """Count a request that the provider has answered, whatever the answer."""
        self.gate.answered(sent, time.monotonic())

    def refused(self, refusal: BusyError, sent: float) -> bool:
        """Count a request that was refused for the provider's state; returns whether that closed the gate."""
        return self.gate.refused(refusal, sent, time.monotonic(), in_flight=self._in_flight - 1)

    async def _pass(self, cancellation: Cancellation) -> None:
        while True:
            cancellation.check()
            left = self.gate.wait(time.monotonic())
            if left > 0:
                await cancellation.sleep(left)
            elif self._in_flight < self.gate.width:
                return
            else:
                self._freed.clear()
                await self._freed.wait()


class _Pace:
    def __init__(self, per_second: float, counts_tokens: bool) -> None:
        self._per_second = per_second
        self._counts_tokens = counts_tokens
        self._free_at = 0.0

    async def wait(self, tokens: int, cancellation: Cancellation) -> None:
        now = time.monotonic()
        start = max(now, self._free_at)
        self._free_at = start + (tokens if self._counts_tokens else 1) / self._per_second
        if start > now:
            await cancellation.sleep(start - now)


def wait_before(tried: int, failure: TransientError, chance: random.Random) -> float:
    """Seconds to wait before the next try.

    What the server asks for is a least; jitter on top keeps requests that failed together from coming back together.
    Otherwise the wait doubles with each try.

    Args:
        tried: how often the request was sent already, at least 1.
        failure: the last failure.
        chance: where the jitter comes from.
    """
    if failure.retry_after is not None:
        least = min(failure.retry_after, _LONGEST_OBEYED)
        return least + chance.uniform(0.0, 0.1 * least + 0.1)
    return min(_FIRST_WAIT * 2.0 ** (tried - 1), _LONGEST_WAIT) * chance.uniform(0.5, 1.0)
