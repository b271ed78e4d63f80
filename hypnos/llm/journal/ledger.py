"""Counts what is spent and what is promised: reservations in the journal, shared by all processes that use it.

A request is reserved at its highest possible cost before it is sent and settled at its real one when its reply is
committed, in the same transaction. A reservation whose process is gone was sent and perhaps billed: it counts as spent.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hypnos.llm.journal.budget import Budget

BATCH = "batch"
"""Owner of what was sent in a batch: it outlives the process."""

Verdict = Literal["granted", "answered", "elsewhere", "batch", "wait", "spent"]
"""`answered`: the reply is in the journal by now; `elsewhere`: another request or process is asking the same;
`batch`: it is part of a batch that is not collected; `wait`: it fits when what is under way turns out cheaper than
feared; `spent`: it does not fit any more."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The most that one request may cost."""

    key: str
    usd: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Promised:
    """What is reserved under an account: dollars and tokens.

    Attributes:
        under_way: by processes.
        in_batches: by batches that are not collected.
    """

    under_way: tuple[float, int] = (0.0, 0)
    in_batches: tuple[float, int] = (0.0, 0)


def promised(connection: sqlite3.Connection, account: str) -> Promised:
    """Sum up the reservations under an account."""
    rows = connection.execute(
        "SELECT owner = ?, TOTAL(usd), TOTAL(tokens) FROM reservations WHERE account = ? GROUP BY 1", (BATCH, account)
    )
    sums = {("under_way", "in_batches")[batch]: (usd, int(tokens)) for batch, usd, tokens in rows}
    return Promised(**sums)


def reserve(connection: sqlite3.Connection, reservation: Reservation, budget: Budget, owner: str) -> Verdict:
    """Reserve within a transaction, or say why not."""
    if connection.execute("SELECT 1 FROM replies WHERE key = ?", (reservation.key,)).fetchone():
        return "answered"
    reserved = connection.execute("SELECT owner FROM reservations WHERE key = ?", (reservation.key,)).fetchone()
    if reserved is not None:
        return "batch" if reserved[0] == BATCH else "elsewhere"
    row = connection.execute("SELECT usd, tokens FROM accounts WHERE name = ?", (budget.account,)).fetchone()
    usd, tokens = row or (0.0, 0)
    if _exceeds(budget, usd + reservation.usd, tokens + reservation.tokens):
        return "spent"
    if budget.usd is not None or budget.tokens is not None:
        held = promised(connection, budget.account)
        usd += held.under_way[0] + held.in_batches[0]
        tokens += held.under_way[1] + held.in_batches[1]
        if _exceeds(budget, usd + reservation.usd, tokens + reservation.tokens):
            return "wait"
    connection.execute(
        "INSERT INTO reservations VALUES (?, ?, ?, ?, ?)",
        (reservation.key, budget.account, reservation.usd, reservation.tokens, owner),
    )
    return "granted"


def try_reserve(
    connection: sqlite3.Connection, reservation: Reservation, budget: Budget, owner: str
) -> tuple[Verdict, Promised]:
    """Reserve within a transaction, or say why not and, of what must wait, for what."""
    verdict = reserve(connection, reservation, budget, owner)
    return verdict, promised(connection, budget.account) if verdict == "wait" else Promised()


def settle(connection: sqlite3.Connection, key: str, account: str, *, usd: float, tokens: int) -> None:
    """Replace a reservation by what was really spent, within a transaction."""
    release(connection, key)
    if usd or tokens:
        connection.execute(
            "INSERT INTO accounts VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET usd = usd + excluded.usd, tokens = tokens + excluded.tokens",
            (account, usd, tokens),
        )


def release(connection: sqlite3.Connection, key: str) -> None:
    """Drop a reservation of something that was never sent."""
    connection.execute("DELETE FROM reservations WHERE key = ?", (key,))


def expire_dead(connection: sqlite3.Connection) -> int:
    """Expire the reservations of processes that are gone: they count as spent. Runs within a transaction.

    Returns:
        How many there were.
    """
    owners = [owner for (owner,) in connection.execute("SELECT DISTINCT owner FROM reservations")]
    count = 0
    for owner in owners:
        if is_alive(owner):
            continue
        left = connection.execute(
            "SELECT key, account, usd, tokens FROM reservations WHERE owner = ?", (owner,)
        ).fetchall()
        for key, account, usd, tokens in left:
            settle(connection, key, account, usd=usd, tokens=tokens)
            note_failure(connection, key, "killed", usd, tokens)
            count += 1
    return count


def note_failure(connection: sqlite3.Connection, key: str, reason: str, usd: float, tokens: int) -> None:
    """Write down one request that was sent and brought no reply."""
    connection.execute(
        "INSERT INTO failures VALUES (?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))", (key, reason, usd, tokens)
    )


def this_process() -> str:
    """Name this process so that it is not mixed up with a later one under the same number."""
    return f"{os.getpid()}:{_started(os.getpid())}"


def is_alive(owner: str) -> bool:
    """Whether the process that `this_process` named still runs."""
    if owner == BATCH:
        return True
    number, _, started = owner.partition(":")
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started(int(number)) == started


def _started(process: int) -> str:
    """When a process was started, in ticks; empty on systems that do not tell."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]  # a zombie is gone, though its number is not free yet


def _exceeds(budget: Budget, usd: float, tokens: int) -> bool:
    if budget.usd is not None and usd > budget.usd * (1 + 1e-9):
        return True
    return budget.tokens is not None and tokens > budget.tokens
