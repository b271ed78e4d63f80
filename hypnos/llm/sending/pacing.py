"""How fast a model may be asked: requests under way at once, requests and tokens a minute."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypnos.llm.cancellation import Stop
from hypnos.llm.chat import ChatModel
from hypnos.llm.failures import Passing


class Limits:
    """The limits of one model in one process.

    Requests and tokens are let through at an even pace and not in bursts at the start of each minute, because
    providers count over shorter times too.
    """

    def __init__(self, model: ChatModel) -> None:
        self._slots = asyncio.Semaphore(model.in_flight)
        stated = ((model.requests_per_minute, False), (model.tokens_per_minute, True))
        self._paces = [_Pace(limit / 60.0, counts_tokens) for limit, counts_tokens in stated if limit is not None]

    @asynccontextmanager
    async def turn(self, tokens: int, stop: Stop) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        Args:
            tokens: the most that the request may count.
            stop: ends the wait.
        """
        async with self._slots:
            for pace in self._paces:
                await pace.wait(tokens, stop)
            stop.check()
            yield


class _Pace:
    def __init__(self, per_second: float, counts_tokens: bool) -> None:
        self._per_second = per_second
        self._counts_tokens = counts_tokens
        self._free_at = 0.0

    async def wait(self, tokens: int, stop: Stop) -> None:
        now = time.monotonic()
        start = max(now, self._free_at)
        self._free_at = start + (tokens if self._counts_tokens else 1) / self._per_second
        if start > now:
            await stop.sleep(start - now)


_FIRST = 0.5
_LONGEST = 60.0
_LONGEST_ASKED = 600.0


def wait_before(tried: int, failure: Passing, chance: random.Random) -> float:
    """Seconds to wait.

    What the server asks for is a least; jitter on top keeps requests that failed together from coming back together.
    Otherwise the wait doubles with each try.

    Args:
        tried: how often it was sent already, at least 1.
        failure: the last failure.
        chance: where the jitter comes from.
    """
    if failure.retry_after is not None:
        asked = min(failure.retry_after, _LONGEST_ASKED)
        return asked + chance.uniform(0.0, 0.1 * asked + 0.1)
    return min(_FIRST * 2.0 ** (tried - 1), _LONGEST) * chance.uniform(0.5, 1.0)
