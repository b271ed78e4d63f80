"""Asks models many questions and hands back the answers in order: the entry to this package."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillWaiting
from copy import copy
from functools import partial
from itertools import islice
from typing import TypeVar

from hypnos.artefacts.ranges import Count, Natural, Positive
from hypnos.errors import Interrupted, UserError
from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel
from hypnos.llm.estimate import Estimate, estimate
from hypnos.llm.failures import GaveUpError
from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.providers.connections import spare_proxies
from hypnos.llm.requests import Answer, Request
from hypnos.llm.sending.attempts import CUT, ONLY_REASONING, Attempts, Streak
from hypnos.llm.sending.counts import Counts
from hypnos.llm.sending.pacing import Tries
from hypnos.llm.sending.progress import Progress
from hypnos.llm.sending.session import Session

log = logging.getLogger(__name__)

T = TypeVar("T")

LOCAL = ("localhost", "127.0.0.1", "::1")

OPEN_BATCHES = 4
"""Batches of a model that are under way at once: each may take its provider a day."""


class Client:
    """Asks through one journal and one budget; several threads may use it at once."""

    def __init__(
        self,
        *,
        journal: Journal,
        budget: Budget | None = None,
        local_addresses: Sequence[str] = LOCAL,
        tries: Count = 6,
        patience: Positive = 3600.0,
        most_unreadable: Count | None = 20,
        window: Count | None = None,
        workers: Natural = 0,
    ) -> None:
        """Set up; nothing is opened before the first question.

        Args:
            journal: where replies are kept and found again.
            budget: what may be spent; None for no limit.
            local_addresses: host names that records with `egress: local` may be sent to.
            tries: sendings of a request for each address, while its own errors may pass; a busy one counts for none.
            patience: seconds that a provider is waited for while it takes no requests at all.
            most_unreadable: replies in a row that cannot be read and stop a model; None for any number.
            window: how far requests are read ahead of the oldest answer that is still awaited; None for 32 times the
                model's requests in flight, at least 1024.
            workers: processes that send; 0 to send from this one, which is enough for some 300 requests a second.
        """
        if tries < 1 or workers < 0 or (window is not None and window < 1) or not patience >= 0:
            raise UserError(f"client: tries {tries}, patience {patience}, workers {workers}, window {window}: low")
        if most_unreadable is not None and most_unreadable < 1:
            raise UserError(f"client.most_unreadable: {most_unreadable}: at least 1 (null for any number)")
        self.journal = journal
        self.budget = budget or Budget()
        self.local_addresses = tuple(local_addresses)
        self._window = window
        self._tries = Tries(tries, patience)
        self._most_unreadable = most_unreadable
        self._workers = workers
        self._opening = threading.Lock()
        self._session: Session | None = None
        self._stop: threading.Event | None = None

    def stopped_by(self, stop: threading.Event) -> "Client":
        """The same client, for a thread that others stop: it then raises Interrupted within a second of waiting."""
        self._open()  # before the copy, which shares it
        other = copy(self)
        other._stop = stop
        return other

    def ask(
        self,
        model: ChatModel,
        requests: Iterable[Request],
        *,
        parse: Callable[[str], T | None],
        attempts: int = 3,
        what: str = "",
        total: int | None = None,
        tells: Callable[[Request, T], bool] | None = None,
    ) -> Iterator[Answer[T]]:
        """Stream the answers in the order of the requests.

        What the journal holds costs nothing and is not sent; each new reply is committed before it is yielded. Who
        stops reading early still waits for what is under way, because it is paid for.

        Args:
            model: who is asked.
            requests: read lazily, a bounded window ahead.
            parse: makes a value of a reply's text; None where it cannot be read. Called in another thread too.
            attempts: replies that are asked for, one after another, while none can be read.
            what: named in the progress.
            total: how many requests there are, for the time left; taken from `requests` where it has a length.
            tells: whether a request's value says anything, of a model that is measured: where its first ones say
                nothing, it is stopped as one that cannot be read; after one that does it is asked to the end.

        Raises:
            StoppedError: the budget is reached, or too many replies in a row cannot be read.
            UserError: a key is missing or wrong, the model does not exist, no price is known
                under a budget in dollars, a record that must stay local would leave, the provider stays away, or
                requests brought no reply: then the others are asked before, for the next start.
        """
        if attempts < 1:
            raise UserError(f"attempts: {attempts}: at least 1")
        if total is None and isinstance(requests, Sequence):
            total = len(requests)
        streak = Streak(model.name, self._most_unreadable, first_alone=tells is not None)
        begin = partial(Attempts, parse=parse, limit=attempts, streak=streak, tells=tells)
        return self._stream(model, requests, begin, Progress(what or model.name, total))

    def estimate(self, model: ChatModel, requests: Iterable[Request], *, tokens_out: int) -> Estimate:
        """Estimate what asking would cost, if every reply had `tokens_out` tokens; sends nothing."""
        return estimate(model, requests, journal=self.journal, tokens_out=tokens_out)

    def counts(self, model: ChatModel) -> Counts:
        """Count what was sent to a model, what came back, and what did not."""
        return self._session.sender(model).counts if self._session is not None else Counts()

    def close(self) -> None:
        """End threads and processes; the client can be used again."""
        with self._opening:
            if self._session is not None:
                self._session.close()
            self._session = None
        self.journal.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _stream(
        self, model: ChatModel, requests: Iterable[Request], begin: Callable[..., Attempts[T]], progress: Progress
    ) -> Iterator[Answer[T]]:
        if model.is_local(self.local_addresses):
            spare_proxies(self.local_addresses)
            model.stay_local(self.local_addresses)
        session = self._open()
        sender = session.sender(model)
        progress.begin(sender.counts)
        identity, structured = model.identity(), model.structured()
        size = self._window or max(1024, 32 * model.in_flight * len(model.addresses))
        waiting: deque[Answer[T] | Future[Answer[T]]] = deque()
        cancellation = session.new_cancellation()
        source = self._checked(model, requests)

        def meanwhile() -> None:
            if self._stop is not None and self._stop.is_set():
                raise Interrupted("stopped")
            progress.show(sender.counts)

        if model.batch:
            source = self._through_batches(session, model, source, cancellation, meanwhile)
        failed: list[str] = []
        try:
            while True:
                while len(waiting) < size and (request := next(source, None)) is not None:
                    attempts = begin(request, RequestKeys(identity, request), structured=structured)
                    recalled = self._recall(model, attempts)
                    waiting.append(recalled or session.start(attempts.ask(sender, cancellation)))
                if not waiting:
                    break
                answer = waiting.popleft()
                try:
                    if isinstance(answer, Future):
                        answer = _await(answer, meanwhile)
                except GaveUpError as failure:
                    failed.append(str(failure))
                    continue
                progress.step(answer, sender.counts)
                if not failed:  # after that, replies are only gathered for the next start
                    yield answer
            if failed:
                raise UserError(
                    f"{progress.what}: {len(failed)} requests got no answer (first: {failed[0]}); start again to ask"
                    " these alone, what was answered is kept"
                )
        finally:
            self._wind_up(waiting, cancellation, session)
            progress.close(sender.counts)

    def _checked(self, model: ChatModel, requests: Iterable[Request]) -> Iterator[Request]:
        """Refuse to let a record leave that must stay.

        Raises:
            UserError: names the record.
        """
        local = model.is_local(self.local_addresses)
        for request in requests:
            if request.egress != "any" and not local:
                where, allowed = ", ".join(model.addresses), ", ".join(self.local_addresses)
                raise UserError(
                    f"record {request.id}: egress is {request.egress}, and llm {model.name} is at {where}, none of the"
                    f" local addresses ({allowed}); nothing of it was sent"
                )
            yield request

    def _recall(self, model: ChatModel, attempts: Attempts[T]) -> Answer[T] | None:
        """Take the replies that the journal holds; returns the answer if they are enough."""
        answer = None
        while model.journaled and (reply := self.journal.find(attempts.key)) is not None:
            answer = attempts.take(reply, recalled=True) or answer
            # A reply that was cut off is not asked for again; but an earlier version did, and what it paid for counts.
            if answer is not None and answer.reason not in (CUT, ONLY_REASONING):
                return answer
        return answer

    def _through_batches(
        self,
        session: Session,
        model: ChatModel,
        requests: Iterator[Request],
        cancellation: Cancellation,
        meanwhile: Callable[[], None],
    ) -> Iterator[Request]:
        """Have each chunk's replies in the journal before its requests are asked one by one."""
        identity = model.identity()
        opened: deque[tuple[list[Request], Future[None]]] = deque()

        def open_next() -> None:
            chunk = list(islice(requests, model.batch))
            samples = {}
            for request in chunk:
                keys = RequestKeys(identity, request)
                samples[keys.sample(request.first_sample)] = (keys, request.first_sample)
            if chunk:
                opened.append((chunk, session.start(session.batches(model).fill(samples, cancellation))))

        try:
            for _ in range(OPEN_BATCHES):
                open_next()
            while opened:
                chunk, filled = opened.popleft()
                _await(filled, meanwhile)
                open_next()
                yield from chunk
        finally:
            if opened:  # their ids are in the journal: the next start waits for them
                session.call(cancellation.cancel, Interrupted("stopped"))

    def _open(self) -> Session:
        with self._opening:
            if self._session is None:
                self._session = Session(self.journal, self.budget, tries=self._tries, workers=self._workers)
            return self._session

    def _wind_up(
        self, waiting: Iterable[Answer[T] | Future[Answer[T]]], cancellation: Cancellation, session: Session
    ) -> None:
        """Send nothing more, and wait for the replies that are under way: they are paid for."""
        left = [answer for answer in waiting if isinstance(answer, Future) and not answer.done()]
        if not left:
            return
        log.info("waiting for what is under way")
        session.call(cancellation.cancel, Interrupted("stopped"))
        for answer in left:
            answer.exception()


def _await(future: Future[T], meanwhile: Callable[[], None]) -> T:
    while True:
        try:
            return future.result(timeout=1.0)
        except StillWaiting:
            if future.done():
                raise
            meanwhile()
