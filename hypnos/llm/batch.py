"""Providers' batch endpoints: half the price, an answer within a day.

A batch fills the journal; the ordinary way of asking then finds the replies there, and asks again only what could
not be read. A batch's id is in the journal as soon as there is one, so that a stopped run waits for the same batch.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection

import orjson

from hypnos.llm.budget import Budget
from hypnos.llm.chat import Reply
from hypnos.llm.journal import Entry, Journal, insert
from hypnos.llm.keys import RequestKeys
from hypnos.llm.ledger import BATCH, Reservation, note_failure, release, reserve, settle
from hypnos.llm.litellm_batch import LitellmBatch
from hypnos.llm.litellm_chat import LitellmChat
from hypnos.llm.stop import Stop
from hypnos.llm.tokens import most_tokens
from hypnos.llm.writer import Writer

log = logging.getLogger(__name__)

_OVER = ("completed", "failed", "expired", "cancelled")

Asked = Mapping[str, tuple[RequestKeys, int]]
"""By the key of the reply: what is asked, and the number of the sample."""


class Batches:
    """Sends batches for one model under one budget. Lives in one event loop."""

    def __init__(self, model: LitellmChat, *, journal: Journal, writer: Writer, budget: Budget) -> None:
        self._model = model
        self._endpoint = LitellmBatch(model)
        self._journal = journal
        self._writer = writer
        self._budget = budget

    async def fill(self, asked: Asked, stop: Stop) -> None:
        """Have the replies in the journal, where the provider answers at all.

        Raises:
            UserError: the provider takes no batches, or refuses this one.
        """
        for batch, keys in self._open():
            mine = {key: asked[key] for key in keys if key in asked}
            if mine:
                await self._collect(batch, keys, mine, stop)
        left = {key: one for key, one in asked.items() if not self._journal.holds(key)}
        await self._writer.write(lambda connection: self._bury(connection, left))
        promised = await self._writer.write(lambda connection: self._promise(connection, left))
        if promised:
            mine = {key: left[key] for key in promised}
            await self._collect(await self._send(mine, stop), promised, mine, stop)

    def _open(self) -> list[tuple[str, list[str]]]:
        rows = self._journal.connect().execute("SELECT id, keys FROM batches WHERE done = 0 ORDER BY rowid").fetchall()
        return [(batch, orjson.loads(keys)) for batch, keys in rows]

    def _bury(self, connection: Connection, left: Asked) -> None:
        """Count as spent what was promised to a batch whose id was lost when its process was killed."""
        known = {key for _, keys in self._open() for key in keys}
        for key in left.keys() - known:
            row = connection.execute(
                "SELECT account, usd, tokens FROM reservations WHERE key = ? AND owner = ?", (key, BATCH)
            ).fetchone()
            if row is not None:
                settle(connection, key, row[0], usd=row[1], tokens=row[2])
                note_failure(connection, key, "killed", row[1], row[2])

    def _promise(self, connection: Connection, left: Asked) -> list[str]:
        """Reserve before anything is sent; what the budget does not allow is left to be asked one by one."""
        price, longest = self._model.price(), self._model.max_tokens
        granted = []
        for key, (keys, _) in left.items():
            most = most_tokens(keys.messages)
            asked = Reservation(key, price.of(most, longest) if price else 0.0, most + longest)
            if reserve(connection, asked, self._budget, BATCH) == "granted":
                granted.append(key)
        return granted

    async def _send(self, mine: Asked, stop: Stop) -> str:
        try:
            stop.check()
            lines = b"".join(
                self._endpoint.line(key, keys.messages, keys.settings.get("schema")) for key, (keys, _) in mine.items()
            )
            batch = await self._endpoint.create(lines)
        except Exception:
            await self._writer.write(lambda connection: _release(connection, mine))
            raise
        values = (batch, self._budget.account, orjson.dumps(list(mine)).decode())
        await self._writer.write(lambda c: c.execute("INSERT INTO batches VALUES (?, ?, ?, 0)", values).rowcount)
        log.info("llm %s: batch %s with %s requests is under way", self._model.name, batch, f"{len(mine):,}")
        return batch

    async def _collect(self, batch: str, keys: Sequence[str], mine: Asked, stop: Stop) -> None:
        while True:
            state, results = await self._endpoint.retrieve(batch)
            if state in _OVER:
                break
            await stop.sleep(self._model.batch_poll)
        replies = {}
        for row in results:
            body = (row.get("response") or {}).get("body") or {}
            key = str(row.get("custom_id"))
            if key in mine and body.get("choices"):
                replies[key] = self._model.reply_of(body, mine[key][0].messages, 0.0)
        if state != "completed":
            log.warning("llm %s: batch %s: %s; the rest is asked one by one", self._model.name, batch, state)
        await self._writer.write(lambda connection: self._settle(connection, batch, keys, mine, replies))

    def _settle(
        self, connection: Connection, batch: str, keys: Sequence[str], mine: Asked, replies: Mapping[str, Reply]
    ) -> None:
        for key, (asked, sample) in mine.items():
            reply = replies.get(key)
            if reply is None:
                release(connection, key)
                note_failure(connection, key, "batch", 0.0, 0)
                continue
            insert(connection, Entry(asked, sample, reply))
            tokens = reply.tokens_in + reply.tokens_out
            settle(connection, key, self._budget.account, usd=reply.cost or 0.0, tokens=tokens)
        if all(key in mine or self._journal.holds(key) for key in keys):
            connection.execute("UPDATE batches SET done = 1 WHERE id = ?", (batch,))


def _release(connection: Connection, keys: Iterable[str]) -> None:
    for key in keys:
        release(connection, key)
