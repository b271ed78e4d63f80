"""From a request to its answer: replies are read, and asked for again while they cannot be."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from hypnos.llm.cancellation import Stop
from hypnos.llm.chat import Reply
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.parsing.replies import read_json, satisfies
from hypnos.llm.requests import Answer, Request
from hypnos.llm.sending.sender import Failed

T = TypeVar("T")


class Asked(Protocol):
    """A line to a model, in this process or through others."""

    async def reply(self, keys: RequestKeys, sample: int, stop: Stop) -> Reply:
        """One reply, committed before it is returned."""


class Conversation(Generic[T]):
    """One request and the replies to it so far."""

    __slots__ = ("_attempts", "_parse", "_replies", "_structured", "keys", "request")

    def __init__(
        self, request: Request, keys: RequestKeys, *, parse: Callable[[str], T | None], attempts: int, structured: bool
    ) -> None:
        """Begin.

        Args:
            request: what is asked.
            keys: of its samples.
            parse: makes a value of a reply's text; None where it cannot be read.
            attempts: replies that are asked for while none can be read.
            structured: whether the provider promised replies that follow the request's schema.
        """
        self.request = request
        self.keys = keys
        self._parse = parse
        self._attempts = attempts
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

    def hear(self, reply: Reply) -> Answer[T] | None:
        """Take a reply; returns the answer when there is nothing more to ask."""
        self._replies.append(reply)
        if reply.refusal:
            return self._answer(None, f"refused: {reply.refusal}")
        value = self._read(reply.text)
        if value is not None:
            return self._answer(value, "")
        return self._answer(None, "unreadable") if len(self._replies) >= self._attempts else None

    async def go_on(self, line: Asked, stop: Stop) -> Answer[T]:
        """Ask until there is an answer."""
        while True:
            try:
                reply = await line.reply(self.keys, self.sample, stop)
            except Failed as failure:
                return self._answer(None, str(failure))
            answer = self.hear(reply)
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
