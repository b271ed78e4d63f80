"""Asks through providers' batch endpoints: half the price, an answer within a day.

A batch fills the journal; the ordinary way of asking then finds the replies there, and asks again only what could
not be read. A batch's id is in the journal as soon as there is one, so that a stopped run waits for the same batch.
"""

import io
import logging
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any

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
from hypnos.llm.providers.litellm import LitellmChat, load_litellm
from hypnos.llm.requests import Message
from hypnos.llm.token_counts import most_tokens

log = logging.getLogger(__name__)

PROVIDERS = ("openai", "azure", "hosted_vllm", "vertex_ai")
"""Providers whose batches litellm can create, follow and read."""

_ENDED = ("completed", "failed", "expired", "cancelled")

Samples = Mapping[str, tuple[RequestKeys, int]]
"""By the key of the reply: the request's keys, which hold what is asked, and the number of the sample."""


class Batches:
    """Sends batches for one model under one budget. Lives in one event loop."""

    def __init__(self, model: LitellmChat, *, journal: Journal, writer: Writer, budget: Budget) -> None:
        self._model = model
        self._endpoint = BatchEndpoint(model)
        self._journal = journal
        self._writer = writer
        self._budget = budget

    async def fill(self, samples: Samples, cancellation: Cancellation) -> None:
        """Have the replies in the journal, where the provider answers at all.

        Raises:
            UserError: the provider takes no batches, or refuses this one.
        """
        for batch, keys in self._open():
            mine = {key: samples[key] for key in keys if key in samples}
            if mine:
                await self._collect(batch, keys, mine, cancellation)
        left = {key: sample for key, sample in samples.items() if not self._journal.holds(key)}
        await self._writer.write(lambda connection: self._expire_lost(connection, left))
        promised = await self._writer.write(lambda connection: self._promise(connection, left))
        if promised:
            mine = {key: left[key] for key in promised}
            await self._collect(await self._send(mine, cancellation), promised, mine, cancellation)

    def _open(self) -> list[tuple[str, list[str]]]:
        rows = self._journal.connect().execute("SELECT id, keys FROM batches WHERE done = 0 ORDER BY rowid").fetchall()
        return [(batch, orjson.loads(keys)) for batch, keys in rows]

    def _expire_lost(self, connection: Connection, left: Samples) -> None:
        """Count as spent what was promised to a batch whose id was lost when its process was killed."""
        known = {key for _, keys in self._open() for key in keys}
        for key in left.keys() - known:
            row = connection.execute(
                "SELECT account, usd, tokens FROM reservations WHERE key = ? AND owner = ?", (key, BATCH)
            ).fetchone()
            if row is not None:
                settle(connection, key, row[0], usd=row[1], tokens=row[2])
                note_failure(connection, key, "killed", row[1], row[2])

    def _promise(self, connection: Connection, left: Samples) -> list[str]:
        """Reserve before anything is sent; what the budget does not allow is left to be asked one by one."""
        price, longest_reply = self._model.price(), self._model.max_tokens
        granted = []
        for key, (keys, _) in left.items():
            most = most_tokens(keys.messages)
            reservation = Reservation(key, price.cost(most, longest_reply) if price else 0.0, most + longest_reply)
            if reserve(connection, reservation, self._budget, BATCH) == "granted":
                granted.append(key)
        return granted

    async def _send(self, mine: Samples, cancellation: Cancellation) -> str:
        try:
            cancellation.check()
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

    async def _collect(self, batch: str, keys: Sequence[str], mine: Samples, cancellation: Cancellation) -> None:
        while True:
            state, results = await self._endpoint.retrieve(batch)
            if state in _ENDED:
                break
            await cancellation.sleep(self._model.batch_poll)
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
        self, connection: Connection, batch: str, keys: Sequence[str], mine: Samples, replies: Mapping[str, Reply]
    ) -> None:
        for key, (request_keys, sample) in mine.items():
            reply = replies.get(key)
            if reply is None:
                release(connection, key)
                note_failure(connection, key, "batch", 0.0, 0)
                continue
            insert(connection, Entry(request_keys, sample, reply))
            tokens = reply.tokens_in + reply.tokens_out
            settle(connection, key, self._budget.account, usd=reply.cost or 0.0, tokens=tokens)
        if all(key in mine or self._journal.holds(key) for key in keys):
            connection.execute("UPDATE batches SET done = 1 WHERE id = ?", (batch,))


def _release(connection: Connection, keys: Iterable[str]) -> None:
    for key in keys:
        release(connection, key)


class BatchEndpoint:
    """The batch endpoint of one model's provider, through litellm."""

    def __init__(self, model: LitellmChat) -> None:
        """Find the provider.

        Raises:
            UserError: litellm has no batches for it.
        """
        self._model = model
        self._name, self._provider, *_ = load_litellm().get_llm_provider(model.model)
        if self._provider not in PROVIDERS:
            raise UserError(
                f"llm {model.name}: batch: litellm has no batches for {self._provider}"
                f" (it has for {', '.join(PROVIDERS)}): batch=null asks one by one"
            )

    def line(self, key: str, messages: Sequence[Message], schema: Mapping[str, Any] | None) -> bytes:
        """Write one request of a batch's file, under its key."""
        arguments = self._model.arguments(schema)
        # litellm puts these into the body of a request by itself, and into no line of a file.
        arguments |= arguments.pop("extra_body", {})
        body = {"model": self._name, "messages": [dict(m) for m in messages], **arguments}
        line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    async def create(self, lines: bytes) -> str:
        """Upload the requests and start; returns the batch's id."""
        file = io.BytesIO(lines)
        file.name = "requests.jsonl"
        litellm = load_litellm()
        uploaded = await self._call(litellm.acreate_file, file=file, purpose="batch")
        batch = await self._call(
            litellm.acreate_batch,
            completion_window="24h",
            endpoint="/v1/chat/completions",
            input_file_id=uploaded.id,
        )
        return str(batch.id)

    async def retrieve(self, batch: str) -> tuple[str, list[dict[str, Any]]]:
        """Ask for the state of a batch, and for its results as far as there are any."""
        litellm = load_litellm()
        state = await self._call(litellm.aretrieve_batch, batch_id=batch)
        file = getattr(state, "output_file_id", None)
        if not file:
            return str(state.status), []
        content = await self._call(litellm.afile_content, file_id=file)
        raw = content.content if isinstance(content.content, bytes) else content.read()
        return str(state.status), [orjson.loads(line) for line in raw.splitlines() if line.strip()]

    async def _call(self, function: Any, **arguments: Any) -> Any:
        failure: Exception | None = None
        try:
            return await function(**arguments, **self._model.access(), custom_llm_provider=self._provider)
        except Exception as error:
            failure = self._model.translate(error)
        if isinstance(failure, BusyError | TransientError | RefusedError):
            failure = UserError(f"llm {self._model.name}: batch: {failure}; start again to go on")
        raise failure
