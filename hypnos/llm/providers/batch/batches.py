"""Fills the journal through a provider's batch endpoint.

A batch stands in the journal before it is sent, in the transaction that reserves its cost; its id does as soon as there
is one. So a stopped run waits for the same batch, and one that was killed while it sent looks for it at its provider.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection

import orjson

from hypnos.errors import UserError
from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import Reply
from hypnos.llm.failures import BusyError, RefusedError, TransientError
from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Entry, Journal, insert
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.journal.ledger import BATCH, Reservation, note_failure, release, reserve, settle
from hypnos.llm.journal.writer import Writer
from hypnos.llm.providers.batch.endpoint import Asked, BatchEndpoint, Look
from hypnos.llm.providers.batch.file_endpoint import PROVIDERS, FileEndpoint
from hypnos.llm.providers.batch.message_endpoint import MessageEndpoint
from hypnos.llm.providers.batch.pending import Pending
from hypnos.llm.providers.litellm import LitellmChat, load_litellm
from hypnos.llm.token_counts import most_tokens

log = logging.getLogger(__name__)

Samples = Mapping[str, tuple[RequestKeys, int]]
"""By the key of the reply: the request's keys, which hold what is asked, and the number of the sample."""


class Batches:
    """Sends batches for one model under one budget. Lives in one event loop.

    Attributes:
        following: how many calls of `fill` are under way.
    """

    def __init__(
        self, model: LitellmChat, *, journal: Journal, writer: Writer, budget: Budget, patience: float
    ) -> None:
        """Find the provider's endpoint.

        Args:
            model: whom to ask.
            journal: is filled.
            writer: of the journal.
            budget: what may be spent.
            patience: seconds without one answer of the endpoint, while it is asked how a batch stands.

        Raises:
            UserError: the provider has no batches.
        """
        self._model = model
        self._endpoint = _open_endpoint(model)
        self._journal = journal
        self._writer = writer
        self._budget = budget
        self._patience = patience
        self.following = 0

    async def fill(self, samples: Samples, cancellation: Cancellation) -> None:
        """Have the replies in the journal, where the provider answers at all.

        Raises:
            UserError: the provider takes no batches, or refuses this one, or a record must not leave the machine.
        """
        if any(keys.stays for keys, _ in samples.values()):
            raise UserError(f"llm {self._model.name}: batch: a record that must stay local enters no batch: batch=null")
        self.following += 1
        try:
            await self._fill(samples, cancellation)
        except (BusyError, TransientError, RefusedError) as failure:
            raise UserError(f"llm {self._model.name}: batch: {failure}; start again to go on") from None
        finally:
            self.following -= 1

    async def _fill(self, samples: Samples, cancellation: Cancellation) -> None:
        for batch, keys in self._open():
            mine = {key: samples[key] for key in keys if key in samples}
            if mine and (known := await self._recover(batch, keys, cancellation)) is not None:
                # Refused some time ago, it is sent again: what was in the way may be gone.
                await self._collect(known, keys, mine, cancellation)
        left = {key: sample for key, sample in samples.items() if not self._journal.holds(key)}
        pending = Pending.begin()
        await self._writer.write(lambda connection: self._expire_lost(connection, left))
        promised = await self._writer.write(lambda connection: self._promise(connection, pending, left))
        if promised:
            mine = {key: left[key] for key in promised}
            batch = await self._send(pending, mine, cancellation)
            if refusal := await self._collect(batch, promised, mine, cancellation):
                raise UserError(
                    f"llm {self._model.name}: {refusal}; nothing of it was spent: start again to send it again, or set"
                    " batch=null to ask one by one at the full price"
                )

    def _open(self) -> list[tuple[str, list[str]]]:
        rows = self._journal.connect().execute("SELECT id, keys FROM batches WHERE done = 0 ORDER BY rowid").fetchall()
        return [(batch, orjson.loads(keys)) for batch, keys in rows]

    def _expire_lost(self, connection: Connection, left: Samples) -> None:
        """Count as spent what an earlier version promised to a batch whose id was lost when its process was killed."""
        known = {key for _, keys in self._open() for key in keys}
        for key in left.keys() - known:
            row = connection.execute(
                "SELECT account, usd, tokens FROM reservations WHERE key = ? AND owner = ?", (key, BATCH)
            ).fetchone()
            if row is not None:
                settle(connection, key, row[0], usd=row[1], tokens=row[2])
                note_failure(connection, key, "killed", row[1], row[2])

    def _promise(self, connection: Connection, pending: Pending, left: Samples) -> list[str]:
        """Reserve before anything is sent; what the budget does not allow is left to be asked one by one."""
        price, longest_reply = self._model.batch_price(), self._model.max_tokens
        granted = []
        for key, (keys, _) in left.items():
            most = most_tokens(keys.messages)
            reservation = Reservation(key, price.most(most, longest_reply) if price else 0.0, most + longest_reply)
            if reserve(connection, reservation, self._budget, BATCH) == "granted":
                granted.append(key)
        if granted:
            values = (str(pending), self._budget.account, orjson.dumps(granted).decode())
            connection.execute("INSERT INTO batches VALUES (?, ?, ?, 0)", values)
        return granted

    async def _send(self, pending: Pending, mine: Samples, cancellation: Cancellation) -> str:
        asked = _asked(mine)
        try:
            cancellation.check()
            mark = await self._endpoint.prepare(asked)
            cancellation.check()
        except Exception:
            await self._drop(str(pending), mine)
            raise
        marked = pending.marked(mark)
        await self._rename(str(pending), str(marked))
        try:
            batch = await self._endpoint.create(mark, asked)
        except TransientError:  # it may be there all the same
            await self._rename(str(marked), str(marked.abandoned()))
            raise
        except Exception:
            await self._drop(str(marked), mine)
            raise
        await self._rename(str(marked), batch)
        log.info("llm %s: batch %s with %s requests is under way", self._model.name, batch, f"{len(mine):,}")
        return batch

    async def _recover(self, batch: str, keys: Sequence[str], cancellation: Cancellation) -> str | None:
        """The provider's id of an open batch; one that was being sent when its process ended is looked for.

        Returns:
            None where it was never sent; its requests are free to be sent again.
        """
        pending = Pending.read(batch)
        if pending is None:
            return batch
        while pending.is_under_way and batch in {name for name, _ in self._open()}:
            await cancellation.sleep(self._model.batch_poll)
        known = None
        if pending.mark is not None and not pending.is_under_way:
            log.info("llm %s: looking for a batch that was sent when a run ended", self._model.name)
            known = await self._find(pending, keys, cancellation)
        if await (self._drop(batch, keys) if known is None else self._rename(batch, known)):
            return known
        for name, others in self._open():  # somebody else found its id, or gave it up, meanwhile
            if others == list(keys):
                return await self._recover(name, keys, cancellation)
        return None

    async def _find(self, pending: Pending, keys: Sequence[str], cancellation: Cancellation) -> str | None:
        """Look for a batch by its mark, and by the keys of what came back, which only it can have."""
        assert pending.mark is not None
        known = {row[0] for row in self._journal.connect().execute("SELECT id FROM batches")}
        asked = dict.fromkeys(keys)
        while True:
            waits = pending.may_appear
            for candidate in await self._endpoint.candidates(pending.mark, len(keys)):
                if candidate not in known and (await self._follow(candidate, {}, cancellation)).keys & asked.keys():
                    return candidate
            if not waits:
                return None
            await cancellation.sleep(min(waits, self._model.batch_poll))

    async def _follow(self, batch: str, asked: Asked, cancellation: Cancellation) -> Look:
        """Ask how a batch stands until it is over; an endpoint that is away or busy is asked again."""
        heard = time.monotonic()
        while True:
            try:
                look = await self._endpoint.look(batch, asked)
            except UserError as failure:
                raise UserError(f"{failure}; asked for batch {batch}") from None
            except (BusyError, TransientError) as failure:
                if time.monotonic() - heard > self._patience:
                    raise
                log.warning("llm %s: batch %s: %s; it is asked for again", self._model.name, batch, failure)
            else:
                if look.over:
                    return look
                heard = time.monotonic()
            await cancellation.sleep(self._model.batch_poll)

    async def _collect(self, batch: str, keys: Sequence[str], mine: Samples, cancellation: Cancellation) -> str:
        """Settle a batch once it is over; returns why its provider refused all of it, empty where it did not."""
        look = await self._follow(batch, _asked(mine), cancellation)
        if look.refusal:
            await self._writer.write(lambda connection: _settle_refused(connection, batch, keys))
            refusal = f"batch {batch} of {len(keys):,} requests was refused by its provider: {look.refusal}"
            log.warning("llm %s: %s", self._model.name, refusal)
            return refusal
        replies = {}
        for key, body in look.bodies.items():
            try:
                replies[key] = self._model.reply_of(body, mine[key][0].messages, 0.0, batch=True)
            except TransientError as failure:
                log.warning("llm %s: batch %s: %s: %s", self._model.name, batch, key[:8], failure)
        if left := len(mine) - len(replies):
            log.warning(
                "llm %s: batch %s: %s: %s of %s requests came back without a reply and are asked one by one",
                *(self._model.name, batch, look.state, f"{left:,}", f"{len(mine):,}"),
            )
        await self._writer.write(lambda connection: self._settle(connection, batch, keys, mine, replies))
        return ""

    def _settle(
        self, connection: Connection, batch: str, keys: Sequence[str], mine: Samples, replies: Mapping[str, Reply]
    ) -> None:
        for key, (request_keys, sample) in mine.items():
            reply = replies.get(key)
            if reply is None:
                release(connection, key)
                note_failure(connection, key, "batch", 0.0, 0)
            elif insert(connection, Entry(request_keys, sample, reply)):
                tokens = reply.tokens_in + reply.tokens_out
                settle(connection, key, self._budget.account, usd=reply.cost or 0.0, tokens=tokens)
            else:
                release(connection, key)  # its reply came another way meanwhile
        if all(key in mine or self._journal.holds(key) for key in keys):
            connection.execute("UPDATE batches SET done = 1 WHERE id = ?", (batch,))

    async def _rename(self, batch: str, other: str) -> bool:
        """Give a batch another id; false where nobody calls it so any more."""
        statement = "UPDATE batches SET id = ? WHERE id = ?"
        return bool(await self._writer.write(lambda connection: connection.execute(statement, (other, batch)).rowcount))

    async def _drop(self, batch: str, keys: Iterable[str]) -> bool:
        """Forget a batch that was never sent; false where nobody calls it so any more."""

        def work(connection: Connection) -> bool:
            if not connection.execute("DELETE FROM batches WHERE id = ?", (batch,)).rowcount:
                return False
            for key in keys:
                release(connection, key)
            return True

        return await self._writer.write(work)


def _settle_refused(connection: Connection, batch: str, keys: Iterable[str]) -> None:
    # Once: another process that settled it before may have sent its requests again.
    if connection.execute("UPDATE batches SET done = 1 WHERE id = ? AND done = 0", (batch,)).rowcount:
        for key in keys:
            release(connection, key)


def _open_endpoint(model: LitellmChat) -> BatchEndpoint:
    """The batch endpoint of a model's provider.

    Raises:
        UserError: it has none that is known here.
    """
    name, provider, _, address = load_litellm().get_llm_provider(model.model)
    if provider == "anthropic":
        return MessageEndpoint(model)
    if provider in PROVIDERS:
        return FileEndpoint(model, name=name, provider=provider, address=address)
    known = ", ".join(("anthropic", *PROVIDERS))
    raise UserError(
        f"llm {model.name}: batch: no batches are known of {provider} (they are of {known}): batch=null asks one by one"
    )


def _asked(samples: Samples) -> Asked:
    return {key: keys for key, (keys, _) in samples.items()}
