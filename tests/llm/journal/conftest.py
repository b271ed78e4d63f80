from collections.abc import Callable

import pytest

from hypnos.llm.chat import Reply
from hypnos.llm.journal.journal import Entry, Journal, insert
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.requests import Request


@pytest.fixture
def identity() -> dict:
    return {"model": "m", "address": "http://localhost/v1", "parameters": {"temperature": 0.7}}


@pytest.fixture
def entry(identity) -> Callable[..., Entry]:
    """Makes a reply with what was asked for it."""

    def make(prompt="问题", sample=0, text="回答", identity=identity, schema=None, date="2026-01-02T03:04:05+00:00"):
        request = Request(id="r", messages=({"role": "user", "content": prompt},), schema=schema)
        reply = Reply(
            text=text, model="m-0613", tokens_in=3, tokens_out=5, cost=0.25, seconds=1.5, date=date, extra={"id": "c1"}
        )
        return Entry(RequestKeys(identity, request), sample, reply)

    return make


@pytest.fixture
def add() -> Callable[..., list[bool]]:
    """Inserts entries in one transaction."""

    def insert_all(journal, *entries):
        with journal.transaction() as connection:
            return [insert(connection, entry) for entry in entries]

    return insert_all


@pytest.fixture
def journal(tmp_path):
    return Journal(path=tmp_path / "folder" / "journal.sqlite")
