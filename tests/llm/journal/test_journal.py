import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hypnos.errors import UserError
from hypnos.llm.chat import Reply
from hypnos.llm.journal import journal as journals
from hypnos.llm.journal.export import export_lines, import_lines
from hypnos.llm.journal.journal import FORMAT, Entry, Journal, insert
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.requests import Request

IDENTITY = {"model": "m", "address": "http://localhost/v1", "parameters": {"temperature": 0.7}}


def entry(prompt="问题", sample=0, text="回答", identity=IDENTITY, schema=None, date="2026-01-02T03:04:05+00:00"):
    request = Request(id="r", messages=({"role": "user", "content": prompt},), schema=schema)
    reply = Reply(
        text=text, model="m-0613", tokens_in=3, tokens_out=5, cost=0.25, seconds=1.5, date=date, extra={"id": "c1"}
    )
    return Entry(RequestKeys(identity, request), sample, reply)


def add(journal, *entries):
    with journal.transaction() as connection:
        return [insert(connection, one) for one in entries]


@pytest.fixture
def journal(tmp_path):
    return Journal(path=tmp_path / "folder" / "journal.sqlite")


def test_a_reply_comes_back_as_it_was_returned(journal):
    kept = entry()
    assert add(journal, kept) == [True]
    assert journal.find(kept.key) == kept.reply
    assert journal.find(entry(sample=1).key) is None
    assert Journal(path=journal.path).find(kept.key) == kept.reply


def test_the_first_reply_under_a_key_stays(journal):
    assert add(journal, entry(text="一"), entry(text="二")) == [True, False]
    assert journal.find(entry().key).text == "一"
    assert journal.count() == 1


def test_everything_that_decides_a_reply_is_in_its_key():
    other = [
        entry(prompt="别的"),
        entry(sample=1),
        entry(schema={"type": "object"}),
        *(entry(identity={**IDENTITY, field: value}) for field, value in (("model", "n"), ("address", "a"))),
        entry(identity={**IDENTITY, "parameters": {"temperature": 0.8}}),
    ]
    keys = {entry().key, *(one.key for one in other)}
    assert len(keys) == 7
    assert entry(date="2030-01-01", text="x").key == entry().key
    assert entry(identity={**IDENTITY, "name": "x"}).key == entry().key


def test_the_row_holds_model_date_prompt_and_parameters(journal):
    add(journal, entry())
    (row,) = journal.entries()
    assert row["messages"] == [{"role": "user", "content": "问题"}]
    assert (row["model"], row["parameters"], row["address"]) == ("m", {"temperature": 0.7}, "http://localhost/v1")
    reply = row["reply"]
    assert (reply["model"], reply["date"], reply["cost"]) == ("m-0613", "2026-01-02T03:04:05+00:00", 0.25)
    assert (reply["tokens_in"], reply["tokens_out"], reply["seconds"], reply["extra"]) == (3, 5, 1.5, {"id": "c1"})


def test_a_journal_of_another_version_is_refused_in_one_line(journal):
    add(journal, entry())
    journal.close()
    with sqlite3.connect(journal.path) as connection:
        connection.execute(f"PRAGMA user_version={FORMAT + 1}")
    with pytest.raises(UserError, match=f"version {FORMAT + 1}, this program reads version {FORMAT}") as caught:
        Journal(path=journal.path).find("x")
    assert "\n" not in str(caught.value)


def test_other_files_are_refused_in_one_line(tmp_path):
    text, database = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    text.write_text("no database at all, but longer than its header would be " * 10)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(UserError, match=r"a\.sqlite: file is not a database"):
        Journal(path=text).find("x")
    with pytest.raises(UserError, match=r"b\.sqlite: a database, but no journal"):
        Journal(path=database).find("x")
    with pytest.raises(UserError, match=r"c\.sqlite: no such journal"):
        Journal(path=tmp_path / "c.sqlite", read_only=True).find("x")


def test_a_failed_transaction_leaves_nothing(journal):
    def half():
        with journal.transaction() as connection:
            insert(connection, entry())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert journal.count() == 0


def test_many_threads_and_connections_write_without_loss(journal):
    def write(number):
        mine = Journal(path=journal.path)
        for i in range(20):
            add(mine, entry(prompt=f"{number}-{i}"))
        mine.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.count() == 120


def test_export_and_import_give_the_same_bytes_and_keys(journal, tmp_path):
    add(journal, *(entry(prompt=f"问{i}", schema={"type": "object"} if i % 2 else None) for i in range(30)))
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert export_lines(journal, first) == 30
    other = Journal(path=tmp_path / "other.sqlite")
    assert import_lines(first, other) == 30
    assert import_lines(first, other) == 0
    export_lines(other, second)
    assert first.read_bytes() == second.read_bytes()
    assert other.find(entry(prompt="问4").key) == entry(prompt="问4").reply
    assert other.spent() == (0.0, 0)


def test_the_command_carries_replies_over(journal, tmp_path, monkeypatch, caplog):
    import sys

    from hypnos.llm.journal.export import main

    add(journal, entry())
    other, lines = tmp_path / "other.sqlite", tmp_path / "replies.jsonl"
    for what, path in (("export", journal.path), ("import", other)):
        monkeypatch.setattr(sys, "argv", ["journal_lines", what, str(path), str(lines)])
        main()
    assert Journal(path=other).find(entry().key) == entry().reply
    monkeypatch.setattr(sys, "argv", ["journal_lines", "export", str(tmp_path / "none.sqlite"), str(lines)])
    with pytest.raises(SystemExit):
        main()


def test_lines_without_key_and_with_little_else_are_read(tmp_path):
    file = tmp_path / "a.jsonl"
    row = {"model": "m", "messages": [{"role": "user", "content": "问题"}], "reply": {"text": "好"}}
    file.write_text(json.dumps(row, ensure_ascii=False) + "\n\n", "utf-8")
    journal = Journal(path=tmp_path / "a.sqlite")
    assert import_lines(file, journal) == 1
    identity = {"model": "m", "address": "recorded", "parameters": {}}
    assert journal.find(entry(identity=identity).key).text == "好"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no line of a journal"),
        ("[1]", "no line of a journal"),
        ('{"model": "m", "messages": []}', "no 'reply'"),
        ('{"model": "m", "messages": [], "reply": {"text": 1}}', "reply.text"),
        ('{"model": "m", "messages": [], "reply": {"text": "x", "colour": 1}}', "colour"),
        ('{"key": "00", "model": "m", "messages": [], "reply": {"text": "x"}}', "its key is not that of its prompt"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, said):
    file = tmp_path / "a.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(UserError, match=r"a\.jsonl:1: ") as caught:
        import_lines(file, Journal(path=tmp_path / "a.sqlite"))
    assert said in str(caught.value)


def test_a_new_journal_is_made_by_one_while_others_wait(tmp_path, monkeypatch):
    made, make = [], journals._create_tables

    def slowly(connection):
        made.append("begun")
        time.sleep(0.2)
        make(connection)
        made.append("ended")

    monkeypatch.setattr(journals, "_create_tables", slowly)
    everyone = [Journal(path=tmp_path / "journal.sqlite") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(Journal.count, everyone)) == [0] * 4
    assert made == ["begun", "ended"]
