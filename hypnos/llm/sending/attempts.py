"""Asks for a reply again while the last one cannot be read, and makes the answer of what came."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import Reply
from hypnos.llm.failures import GaveUpError
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.parsing.replies import read_json, satisfies
from hypnos.llm.requests import Answer, Request

T = TypeVar("T")


class AnySender(Protocol):
    """Brings replies of one model, in this process or through others."""

    async def reply(self, keys: RequestKeys, sample: int, cancellation: Cancellation) -> Reply:
        """Get one reply; it is committed before it is returned."""


class Attempts(Generic[T]):
    """One request and the replies to it so far."""

    __slots__ = ("_limit", "_parse", "_replies", "_structured", "keys", "request")

    def __init__(
        self, request: Request, keys: RequestKeys, *, parse: Callable[[str], T | None], limit: int, structured: bool
    ) -> None:
        """Begin, without a reply.

        Args:
            request: what is asked.
            keys: of its samples.
            parse: makes a value of a reply's text; None where it cannot be read.
            limit: replies that are asked for while none can be read.
            structured: whether the provider promised replies that follow the request's schema.
        """
        self.request = request
        self.keys = keys
        self._parse = parse
        self._limit = limit
        self._structured = structured and request.schema is not None
        self._replies: list[Reply] = []

    @property
    def sample(self) -> int:
        """The number of the next reply."""
        return self.request.first_sample + len(self._replies)

    @property
    def key(self) -> str:
        """The key of the next reply."""
        return self.keys.sample(self.sample)

    def take(self, reply: Reply) -> Answer[T] | None:
        """Add a reply; returns the answer when there is nothing more to ask."""
        self._replies.append(reply)
        if reply.refusal:
            return self._answer(None, f"refused: {reply.refusal}")
        value = self._read(reply.text)
        if value is not None:
            return self._answer(value, "")
        return self._answer(None, "unreadable") if len(self._replies) >= self._limit else None

    async def ask(self, sender: AnySender, cancellation: Cancellation) -> Answer[T]:
        """Ask until there is an answer."""
        while True:
            try:
                reply = await sender.reply(self.keys, self.sample, cancellation)
            except GaveUpError as failure:
                return self._answer(None, str(failure))
            answer = self.take(reply)
            if answer is not None:
                return answer

    def _read(self, text: str) -> T | None:
        # A server that promised a structure and did not keep to it is not trusted with a part of it.
        if self._structured and self.request.schema is not None and not satisfies(read_json(text), self.request.schema):
            return None
        return self._parse(text)

    def _answer(self, value: T | None, reason: str) -> Answer[T]:
        replies = self._replies
        costs = [reply.cost for reply in replies]
        return Answer(
            request=self.request,
            value=value,
            text=replies[-1].text if replies else "",
            model=replies[-1].model if replies else "",
            attempts=len(replies),
            reason=reason,
            cost=None if None in costs else sum(cost for cost in costs if cost is not None),
            tokens_in=sum(reply.tokens_in for reply in replies),
            tokens_out=sum(reply.tokens_out for reply in replies),
        )
