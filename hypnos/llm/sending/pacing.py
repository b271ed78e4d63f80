"""Paces what is sent to a model: requests in flight, requests and tokens a minute, and the wait before a retry."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

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
        sendings: of one request for each address of its model, while its own failures may pass.
        patience: seconds that a provider is waited for while it takes no requests at all.
    """

    sendings: int = 6
    patience: float = 3600.0


class Limits:
    """The limits of one address of a model in one process: those that are stated, and those that its provider shows.

    Requests and tokens are let through at an even pace and not in bursts at the start of each minute, because
    providers count over shorter times too.
    """

    def __init__(self, model: ChatModel) -> None:
        self.gate = Gate(model.in_flight, now=time.monotonic())
        per_minute = ((model.requests_per_minute, False), (model.tokens_per_minute, True))
        self._paces = [_Pace(limit / 60.0, counts_tokens) for limit, counts_tokens in per_minute if limit is not None]
        self.in_flight = 0
        self.listeners: list[Callable[[], object]] = []  # called when a request has ended

    def wait(self, now: float) -> float:
        """Seconds until a request may go; infinity where another has to end first."""
        if self.in_flight >= self.gate.width:
            return math.inf
        return max(self.gate.wait(now), *(pace.free_at - now for pace in self._paces), 0.0)

    def enter(self, tokens: int) -> float:
        """Take a turn, where `wait` is over; gives the moment, as `taken` and `refused` want it back.

        Args:
            tokens: the most that the request may count.
        """
        now = time.monotonic()
        for pace in self._paces:
            pace.take(tokens, now)
        sent = self.gate.send(now, in_flight=self.in_flight)
        self.in_flight += 1
        return sent

    def leave(self) -> None:
        """End a turn."""
        self.in_flight -= 1
        for listener in self.listeners:
            listener()

    def taken(self, sent: float) -> None:
        """Count a request that the provider has answered, whatever the answer."""
        self.gate.answered(sent, time.monotonic())

    def refused(self, refusal: BusyError, sent: float) -> bool:
        """Count a request that was refused for the provider's state; returns whether that closed the gate."""
        return self.gate.refused(refusal, sent, time.monotonic(), in_flight=self.in_flight - 1)


class _Pace:
    def __init__(self, per_second: float, counts_tokens: bool) -> None:
        self._per_second = per_second
        self._counts_tokens = counts_tokens
        self.free_at = 0.0

    def take(self, tokens: int, now: float) -> None:
        self.free_at = max(now, self.free_at) + (tokens if self._counts_tokens else 1) / self._per_second


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
