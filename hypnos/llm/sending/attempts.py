"""Asks for a reply again while the last one cannot be read, and makes the answer of what came."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import CUT_FINISHES, Reply
from hypnos.llm.failures import GaveUpError, UnreadableError
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.parsing.replies import answer_part, read_json, satisfies
from hypnos.llm.redaction import redact
from hypnos.llm.requests import Answer, Request

T = TypeVar("T")

CUT = "unreadable: cut off at max_tokens"
ONLY_REASONING = "unreadable: nothing but reasoning within max_tokens"
"""Reasons of answers without a value whose request is not repeated: unchanged, it would be cut again."""

_SHOWN = 120  # characters of a reply in an error


class AnySender(Protocol):
    """Brings replies of one model, in this process or through others."""

    async def reply(self, keys: RequestKeys, sample: int, cancellation: Cancellation) -> Reply:
        """Get one reply; it is committed before it is returned."""


class Streak:
    """Counts the replies of one model that could not be read, one after another, the first ones in the journal too.

    Requests wait their turn again before each further attempt, so a model that can mostly be read ends with nothing but
    repeated failures of the few requests that it cannot answer. A request whose failure was followed by a readable
    reply therefore counts no more. The journal's replies come request by request instead, so that of these only a
    request's first one counts: the further ones of a few neighbours would stop a run that once ended well.
    """

    def __init__(self, name: str, limit: int | None, *, first_alone: bool = False) -> None:
        """Begin.

        Args:
            name: how errors call the model.
            limit: so many in a row stop it; None for any number.
            first_alone: only those before the first readable one count.
        """
        self._name = name
        self._limit = limit
        self._first_alone = first_alone
        self._count = 0
        self._number = 0

    @property
    def number(self) -> int:
        """How many streaks a readable reply has ended."""
        return self._number

    def count(
        self, reply: Reply, *, readable: bool, cause: str, began: int | None = None, recalled: bool = False
    ) -> None:
        """Count one reply.

        Args:
            reply: the reply.
            readable: whether it could be read; that ends the streak.
            cause: why it could not be read.
            began: `number` when the request first failed; None for its first reply.
            recalled: whether the journal held it.

        Raises:
            UnreadableError: too many in a row could not be read; quotes this one.
        """
        if readable:
            self._count = 0
            self._number += 1
            if self._first_alone:
                self._limit = None
        elif began is None or (began == self._number and not recalled):
            self._count += 1
        if self._limit is not None and self._count >= self._limit:
            shown = " ".join(redact(reply.text).split())[:_SHOWN] or "(empty)"
            raise UnreadableError(
                f"llm {self._name}: {self._count} replies in a row are {cause} (finish_reason {reply.finish}), the"
                f" last: {shown}; every reply is kept; client.most_unreadable=null goes on all the same"
            )


class Attempts(Generic[T]):
    """One request and the replies to it so far."""

    __slots__ = ("_began", "_limit", "_parse", "_replies", "_streak", "_structured", "_tells", "keys", "request")

    def __init__(
        self,
        request: Request,
        keys: RequestKeys,
        *,
        parse: Callable[[str], T | None],
        limit: int,
        structured: bool,
        streak: Streak,
        tells: Callable[[Request, T], bool] | None = None,
    ) -> None:
        """Begin, without a reply.

        Args:
            request: what is asked.
            keys: of its samples.
            parse: makes a value of a reply's text; None where it cannot be read.
            limit: replies that are asked for while none can be read.
            structured: whether the provider promised replies that follow the request's schema.
            streak: of the model's replies to all requests.
            tells: whether a value says anything; what says nothing counts as unreadable there, and is the answer.
        """
        self.request = request
        self.keys = keys
        self._parse = parse
        self._limit = limit
        self._structured = structured and request.schema is not None
        self._streak = streak
        self._tells = tells
        self._replies: list[Reply] = []
        self._began: int | None = None

    @property
    def sample(self) -> int:
        """The number of the next reply."""
        return self.request.first_sample + len(self._replies)

    @property
    def key(self) -> str:
        """The key of the next reply."""
        return self.keys.sample(self.sample)

    def take(self, reply: Reply, *, recalled: bool = False) -> Answer[T] | None:
        """Add a reply; returns the answer when there is nothing more to ask.

        Args:
            reply: the reply.
            recalled: whether the journal held it.

        Raises:
            UnreadableError: it is one of too many that cannot be read.
        """
        answer = self._take(reply)
        value = answer.value if answer is not None else None
        silent = value is not None and self._tells is not None and not self._tells(self.request, value)
        self._streak.count(
            reply,
            readable=bool(reply.refusal) or (value is not None and not silent) or self._is_of_another(reply),
            cause="empty or without an answer" if silent else answer.reason if answer else "unreadable",
            began=self._began,
            recalled=recalled,
        )
        if self._began is None:
            self._began = self._streak.number
        return answer

    def _take(self, reply: Reply) -> Answer[T] | None:
        self._replies.append(reply)
        if reply.refusal:
            return self._answer(None, f"refused: {reply.refusal}")
        value = self._read(reply)
        if value is not None:
            return self._answer(value, "")
        if reply.finish in CUT_FINISHES:
            return self._answer(None, CUT if answer_part(reply.text) else ONLY_REASONING)
        return self._answer(None, "unreadable") if len(self._replies) >= self._limit else None

    async def ask(self, sender: AnySender, cancellation: Cancellation) -> Answer[T]:
        """Ask until there is an answer.

        Raises:
            GaveUpError: no reply came; names the request.
            UserError: nothing more can be asked; `cancellation` is set.
        """
        while True:
            try:
                reply = await sender.reply(self.keys, self.sample, cancellation)
            except GaveUpError as failure:
                raise GaveUpError(f"{self.request.id}: {failure}") from None
            try:
                answer = self.take(reply)
            except UnreadableError as error:
                cancellation.cancel(error)
                raise
            if answer is not None:
                return answer

    def _read(self, reply: Reply) -> T | None:
        # A server that promised a structure and did not keep to it is not trusted with a part of it; where its tokens
        # ran out it kept to it as far as it came.
        schema = self.request.schema if self._structured and reply.finish not in CUT_FINISHES else None
        if schema is not None and not satisfies(read_json(reply.text), schema):
            return None
        return self._parse(reply.text) if self.request.code in reply.text else None

    def _is_of_another(self, reply: Reply) -> bool:
        """Whether a reply can be read but lacks the code: a record had it repeated, and the model can answer."""
        return self.request.code not in reply.text and self._parse(reply.text) is not None

    def _answer(self, value: T | None, reason: str) -> Answer[T]:
        replies = self._replies
        costs = [reply.cost for reply in replies]
        extra = replies[-1].extra if replies else {}
        counted = extra.get("reasoning_tokens")
        return Answer(
            request=self.request,
            value=value,
            text=replies[-1].text if replies else "",
            model=replies[-1].model if replies else "",
            attempts=len(replies),
            reason=reason,
            finish=replies[-1].finish if replies else "",
            key=self.keys.sample(self.sample - 1) if replies else "",
            cost=None if None in costs else sum(cost for cost in costs if cost is not None),
            tokens_in=sum(reply.tokens_in for reply in replies),
            tokens_out=sum(reply.tokens_out for reply in replies),
            reasoning=str(extra.get("reasoning") or ""),
            reasoning_tokens=int(counted) if counted else None,
        )
