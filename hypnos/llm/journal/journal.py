"""Keeps every reply that was ever paid for in one SQLite file, which several processes may share.

A reply is found again by the key of what was asked (`hypnos.llm.journal.keys`), so that nothing is asked twice.
Commits are synced to the disk (`synchronous=FULL`), so that they survive a power cut and not only a killed process; the
writer commits many replies at once, which makes that cheap.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock

from hypnos.artefacts.store import disk_errors
from hypnos.errors import UserError
from hypnos.llm.chat import Reply
from hypnos.llm.journal.keys import RequestKeys

FORMAT = 1
"""Raised when a journal of the last version cannot be read as this one."""

_APPLICATION = 0x48795073  # marks the file as a journal of this project

_TABLES = """
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE prompts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE replies (
    key TEXT PRIMARY KEY, settings TEXT NOT NULL, prompt TEXT NOT NULL, sample INTEGER NOT NULL,
    text TEXT NOT NULL, model TEXT NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cost REAL, seconds REAL NOT NULL, date TEXT NOT NULL, finish TEXT NOT NULL, refusal TEXT NOT NULL,
    extra TEXT NOT NULL
);
CREATE TABLE failures (
    key TEXT NOT NULL, reason TEXT NOT NULL, usd REAL NOT NULL, tokens INTEGER NOT NULL, date TEXT NOT NULL
);
CREATE TABLE accounts (name TEXT PRIMARY KEY, usd REAL NOT NULL, tokens INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE reservations (
    key TEXT PRIMARY KEY, account TEXT NOT NULL, usd REAL NOT NULL, tokens INTEGER NOT NULL, owner TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE batches (id TEXT PRIMARY KEY, account TEXT NOT NULL, keys TEXT NOT NULL, done INTEGER NOT NULL);
"""
_COLUMNS = "text, model, tokens_in, tokens_out, cost, seconds, date, finish, refusal, extra"


@dataclass(frozen=True, slots=True)
class Entry:
    """A reply with what was asked for it."""

    keys: RequestKeys
    sample: int
    reply: Reply

    @property
    def key(self) -> str:
        return self.keys.sample(self.sample)


class Journal:
    """The file; it is made when it is first used, and each thread has a connection of its own."""

    def __init__(self, *, path: str | Path, read_only: bool = False) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self._own = threading.local()

    def find(self, key: str) -> Reply | None:
        """Find the reply under a key, if there is one."""
        row = self.connect().execute(f"SELECT {_COLUMNS} FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else _reply(row)

    def holds(self, key: str) -> bool:
        return self.connect().execute("SELECT 1 FROM replies WHERE key = ?", (key,)).fetchone() is not None

    def count(self) -> int:
        """Count the replies."""
        return int(self.connect().execute("SELECT COUNT(*) FROM replies").fetchone()[0])

    def usual_seconds(self, settings: str) -> float | None:
        """The mean seconds of replies under these settings (`RequestKeys.settings_key`) among the newest 20,000."""
        newest = "SELECT settings, refusal, seconds FROM replies ORDER BY rowid DESC LIMIT 20000"
        query = f"SELECT AVG(seconds) FROM ({newest}) WHERE settings = ? AND refusal = ''"
        return self.connect().execute(query, (settings,)).fetchone()[0]  # type: ignore[no-any-return]

    def failures(self) -> dict[str, int]:
        """Count the transient errors by reason: each is one request that was sent without a reply."""
        rows = self.connect().execute("SELECT reason, COUNT(*) FROM failures GROUP BY reason ORDER BY reason")
        return dict(rows.fetchall())

    def spent(self, account: str = "all") -> tuple[float, int]:
        """Sum up the dollars and tokens spent under an account, what is under way not included."""
        row = self.connect().execute("SELECT usd, tokens FROM accounts WHERE name = ?", (account,)).fetchone()
        return (row[0], row[1]) if row else (0.0, 0)

    def entries(self) -> Iterator[dict[str, Any]]:
        """Stream every reply with what was asked, in the order of the keys, as plain values."""
        columns = "replies.key, settings.value, prompts.value, replies.sample"
        joined = "replies JOIN settings ON settings.key = replies.settings JOIN prompts ON prompts.key = replies.prompt"
        rows = self.connect().execute(f"SELECT {columns}, {_COLUMNS} FROM {joined} ORDER BY replies.key")
        for key, settings, prompt, sample, *row in rows:
            reply = dict(zip(_COLUMNS.split(", "), row, strict=True))
            reply["extra"] = orjson.loads(reply["extra"])
            request = {**orjson.loads(settings), "messages": orjson.loads(prompt), "sample": sample}
            yield {"key": key, **request, "reply": reply}

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a write transaction: all of it or nothing, and no other process writes meanwhile.

        Raises:
            UserError: the disk is full or the folder cannot be written.
        """
        connection = self.connect()
        with self._user_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise

    def connect(self) -> sqlite3.Connection:
        """Open the connection of the calling thread, or hand back the open one."""
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            with self._user_errors():
                connection = self._own.connection = self._open()
        return connection

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()
            self._own.connection = None

    def _open(self) -> sqlite3.Connection:
        if self.read_only:
            if not self.path.is_file():
                raise UserError(f"{self.path}: no such journal")
            address = f"{self.path.resolve().as_uri()}?mode=ro"
            connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=60)
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=60)
        try:
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        if not self.read_only:
            # SQLite does not wait for another process that turns the same new file into a WAL: it fails at once.
            with FileLock(self.path.with_name(f".{self.path.name}.lock")):
                if _is_empty(connection):
                    _create_tables(connection)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application != _APPLICATION:
            raise UserError(f"{self.path}: a database, but no journal of replies")
        if version != FORMAT:
            raise UserError(
                f"{self.path}: a journal of version {version}, this program reads version {FORMAT}:"
                " export it with the program that wrote it and import the lines into a new one"
            )
        connection.execute("PRAGMA synchronous=FULL")

    @contextmanager
    def _user_errors(self) -> Iterator[None]:
        """Turn SQLite's errors into `UserError`s of one line."""
        with disk_errors(self.path.parent):
            try:
                yield
            except sqlite3.DatabaseError as error:
                raise UserError(f"{self.path}: {error}") from error


def insert(connection: sqlite3.Connection, entry: Entry) -> bool:
    """Add a reply within a transaction; the first one under a key stays.

    Returns:
        Whether it was added.
    """
    keys, reply = entry.keys, entry.reply
    values = (reply.text, reply.model, reply.tokens_in, reply.tokens_out, reply.cost, reply.seconds, reply.date)
    added = connection.execute(
        f"INSERT OR IGNORE INTO replies (key, settings, prompt, sample, {_COLUMNS}) VALUES (?{', ?' * 13})",
        (
            entry.key,
            keys.settings_key,
            keys.prompt,
            entry.sample,
            *values,
            reply.finish,
            reply.refusal,
            _text(reply.extra),
        ),
    ).rowcount
    if added:
        connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (keys.settings_key, _text(keys.settings)))
        connection.execute("INSERT OR IGNORE INTO prompts VALUES (?, ?)", (keys.prompt, _text(keys.messages)))
    return bool(added)


def _reply(row: tuple) -> Reply:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Reply(**{**values, "extra": orjson.loads(values["extra"])})


def _text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _create_tables(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN EXCLUSIVE")
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={_APPLICATION}")
    connection.execute(f"PRAGMA user_version={FORMAT}")
    connection.execute("COMMIT")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0] == 0
