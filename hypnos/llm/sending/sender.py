"""Sends requests to one model: reserves, waits for a turn, asks, tries again, commits."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from sqlite3 import Connection

from hypnos.errors import UserError
from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.failures import BudgetReachedError, BusyError, GaveUpError, RefusedError, TransientError
from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Entry, Journal, insert
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.journal.ledger import Reservation, expire_dead, note_failure, release, settle, this_process, try_reserve
from hypnos.llm.journal.writer import Writer
from hypnos.llm.sending.budget_words import BudgetWords
from hypnos.llm.sending.counts import Counts
from hypnos.llm.sending.pacing import Tries, wait_before
from hypnos.llm.sending.servers import Server, Servers, own_servers
from hypnos.llm.token_counts import most_tokens

log = logging.getLogger(__name__)

_AHEAD = 2
"""Requests with a reservation for each one under way, so that a free turn never waits for the disk."""

_POLL, _TELL_EVERY = 0.1, 30.0  # seconds between two looks at what others settled; two warnings of a busy provider
_DEAD = 20  # requests in a row that failed for good, without one reply between them


class Sender:
    """Asks one model, from one process, under one budget. Lives in one event loop."""

    def __init__(
        self,
        model: ChatModel,
        *,
        journal: Journal,
        writer: Writer,
        budget: Budget,
        tries: Tries,
        servers: Servers | None = None,
        follows_batches: Callable[[], bool] = lambda: True,
    ) -> None:
        """Open the sender; nothing is sent yet.

        Args:
            model: who is asked.
            journal: where replies are kept.
            writer: of that journal, in this event loop.
            budget: what may be spent.
            tries: how often a request is sent before it is given up, and how long a busy provider is waited for.
            servers: their limits are shared with others that ask there; None for one's own.
            follows_batches: whether batches are followed beside it, which will settle what they hold of the budget.
        """
        self.model = model
        self.counts = Counts()
        self._journal = journal
        self._writer = writer
        self._budget = budget
        self._tries = tries
        self._price = model.price()
        self._words = BudgetWords(model.name, journal=journal, budget=budget)
        self._follows_batches = follows_batches
        self._servers = servers or own_servers(model)
        self._ahead = asyncio.Semaphore(model.in_flight * len(self._servers) * _AHEAD)
        self._owner = this_process()
        self._chance = random.Random()
        self._failed_in_a_row = 0
        self._told_pace = -math.inf  # when the log was last told that the provider refuses

    async def reply(self, keys: RequestKeys, sample: int, cancellation: Cancellation) -> Reply:
        """Get one reply; it is committed to the journal before it is returned.

        Raises:
            UserError: nothing more can be asked; `cancellation` is set.
            GaveUpError: no reply came to this request.
        """
        try:
            if not self.model.journaled:
                return await _complete(self.model, keys, sample)
            async with self._ahead:
                return await self._journaled(keys, sample, cancellation)
        except GaveUpError:
            raise
        except Exception as error:
            cancellation.cancel(error)
            raise

    async def _journaled(self, keys: RequestKeys, sample: int, cancellation: Cancellation) -> Reply:
        reservation = self._reservation(keys, sample)
        tried = 0
        failed_at: set[Server] = set()
        while True:
            await self._servers.opened(cancellation)
            reply = await self._reserve(reservation, cancellation)
            if reply is not None:
                return reply
            try:
                return await self._send(keys, sample, reservation, cancellation, failed_at)
            except BusyError:
                continue  # no fault of this request: it waits at the gate with all others
            except TransientError as failure:
                tried += 1
                if tried >= self._tries.sendings * len(self._servers):
                    raise self._give_up(str(failure)) from None
                wait = wait_before(tried, failure, self._chance)
            await cancellation.sleep(wait)

    async def _send(
        self,
        keys: RequestKeys,
        sample: int,
        reservation: Reservation,
        cancellation: Cancellation,
        failed_at: set[Server],
    ) -> Reply:
        """Ask once, when it is this request's turn; a server that fails it joins `failed_at`.

        The turn is held until the journal knows what came of it: a kill then loses no more than what is in flight,
        however slow the disk is.
        """
        sent = False
        try:
            turn = self._servers.turn(reservation.tokens, cancellation, stays=keys.stays, failed_at=failed_at)
            async with turn as (server, moment):
                sent = True
                self.counts.sent += 1
                try:
                    reply = await self._answer(server.model, keys, sample, reservation)
                except BusyError as refusal:
                    self._note_busy(server, refusal, moment)
                    raise
                except TransientError as failure:
                    failed_at.add(server)
                    self._servers.failed(server, failure, moment)
                    raise
                server.answered(moment)
                self.counts.pace = self._servers.pace
                await self._commit(Entry(keys, sample, reply), reservation)
                return reply
        finally:
            if not sent:
                await self._release(reservation)

    async def _answer(self, model: ChatModel, keys: RequestKeys, sample: int, reservation: Reservation) -> Reply:
        """Get the model's reply or lasting refusal; what brings neither is written down before its error goes on."""
        try:
            return await _complete(model, keys, sample)
        except RefusedError as refusal:
            return self._refusal(refusal)
        except BusyError as refusal:
            await self._fail(reservation, TransientError(refusal.reason))
            raise
        except TransientError as failure:
            if not self.counts.failures[failure.reason]:
                log.warning("llm %s: %s; such requests are sent again", self.model.name, failure)
            await self._fail(reservation, failure)
            raise
        except UserError:
            await self._release(reservation)  # nobody bills a request without a right key or model
            raise
        except BaseException:
            await self._fail(reservation, TransientError("stopped", billed=True))
            raise

    async def _reserve(self, reservation: Reservation, cancellation: Cancellation) -> Reply | None:
        """Reserve; returns the reply instead where another request or process brought it meanwhile."""
        looks, since = 0, time.monotonic()
        while True:
            cancellation.check()
            followed = self._follows_batches()
            verdict, held = await self._writer.write(lambda c: try_reserve(c, reservation, self._budget, self._owner))
            if verdict == "granted":
                return None
            if verdict == "answered":
                return self._journal.find(reservation.key)
            if verdict == "spent":
                raise BudgetReachedError(self._words.reached())
            if verdict == "batch":
                raise UserError(
                    f"llm {self.model.name}: some of these requests are in a batch that was sent before: set llm.batch"
                    " as it was then, to collect it"
                )
            if verdict == "wait":
                if held.under_way == (0.0, 0) and not followed and not self._follows_batches():
                    raise BudgetReachedError(self._words.held_by_batches(held))  # nobody here would ever settle it
                self._words.waiting(held, since)
            if looks % 20 == 0:
                await self._writer.write(expire_dead)
            looks += 1
            await cancellation.sleep(_POLL)

    async def _commit(self, entry: Entry, reservation: Reservation) -> None:
        reply = entry.reply
        usd, tokens = reply.cost or 0.0, reply.tokens_in + reply.tokens_out

        def work(connection: Connection) -> None:
            insert(connection, entry)
            settle(connection, reservation.key, self._budget.account, usd=usd, tokens=tokens)

        try:
            await self._writer.write(work)
        except UserError:
            raise
        except Exception as error:  # a reply that the journal cannot hold is paid for all the same
            failure = TransientError("cannot be kept", words=f"{type(error).__name__}: {error}", billed=True)
            await self._fail(reservation, failure)
            raise failure from error
        self._failed_in_a_row = 0
        self.counts.replies += 1
        self.counts.cost += usd

    def _note_busy(self, server: Server, refusal: BusyError, sent: float) -> None:
        """Close a server's gate, and say so now and then.

        Raises:
            UserError: all servers have been away for longer than they are waited for, or were never there.
        """
        if not self._servers.refused(server, refusal, sent):
            return
        gate = server.limits.gate
        where = f"llm {self.model.name}: {server.model.address}"
        if all(self._is_lost(other) for other in self._servers):
            if not gate.met:
                raise UserError(f"{where} cannot be reached ({refusal.words})")
            raise UserError(
                f"{where} takes no requests ({refusal}), and would be waited for longer than"
                f" client.patience={self._tries.patience:g} seconds; every reply is kept: start again to go on"
            )
        now = time.monotonic()
        if now - self._told_pace > _TELL_EVERY or gate.pause > _TELL_EVERY:
            self._told_pace = now
            pace = f", so far {gate.pace:.3g} requests a second" if gate.pace is not None else ""
            log.warning(
                "llm %s: %s: waiting %.3g s, then slower%s, %s in flight at most",
                *(self.model.name, refusal, gate.pause, pace, gate.width),
            )

    def _is_lost(self, server: Server) -> bool:
        gate = server.limits.gate
        return (not gate.met and gate.tries >= self._tries.sendings) or gate.silent > self._tries.patience

    async def _release(self, reservation: Reservation) -> None:
        await self._writer.write(lambda connection: release(connection, reservation.key))

    async def _fail(self, reservation: Reservation, failure: TransientError) -> None:
        usd, tokens = (reservation.usd, reservation.tokens) if failure.billed else (0.0, 0)

        def work(connection: Connection) -> None:
            settle(connection, reservation.key, self._budget.account, usd=usd, tokens=tokens)
            note_failure(connection, reservation.key, failure.reason, usd, tokens)

        self.counts.failures[failure.reason] += 1
        self.counts.cost += usd
        await self._writer.write(work)

    def _give_up(self, reason: str) -> Exception:
        self._failed_in_a_row += 1
        if self._failed_in_a_row < _DEAD:
            return GaveUpError(reason)
        return UserError(
            f"llm {self.model.name}: {_DEAD} requests in a row brought no reply from {self.model.address} ({reason});"
            " every reply is kept: start again to go on"
        )

    def _reservation(self, keys: RequestKeys, sample: int) -> Reservation:
        most = most_tokens(keys.messages)
        usd = 0.0 if self._price is None else self._price.most(most, self.model.max_tokens)
        return Reservation(keys.sample(sample), usd, most + self.model.max_tokens)

    def _refusal(self, refusal: RefusedError) -> Reply:
        date = datetime.now(UTC).isoformat(timespec="seconds")
        return Reply(
            text="",
            model=self.model.model,
            tokens_in=0,
            tokens_out=0,
            cost=0.0,
            seconds=0.0,
            date=date,
            finish="refused",
            refusal=str(refusal),
        )


async def _complete(model: ChatModel, keys: RequestKeys, sample: int) -> Reply:
    return await model.complete(keys.messages, schema=keys.settings.get("schema"), sample=sample)
