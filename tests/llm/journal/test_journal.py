import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hypnos.errors import UserError
from hypnos.llm.journal import journal as journals
from hypnos.llm.journal.journal import FORMAT, Journal, insert


def test_a_reply_comes_back_as_it_was_returned(journal, entry, add):
    kept = entry()
    assert add(journal, kept) == [True]
    assert journal.find(kept.key) == kept.reply
    assert journal.find(entry(sample=1).key) is None
    assert Journal(path=journal.path).find(kept.key) == kept.reply


def test_the_first_reply_under_a_key_stays(journal, entry, add):
    assert add(journal, entry(text="一"), entry(text="二")) == [True, False]
    assert journal.find(entry().key).text == "一"
    assert journal.count() == 1


def test_the_row_holds_model_date_prompt_and_parameters(journal, entry, add):
    add(journal, entry())
    (row,) = journal.entries()
    assert row["messages"] == [{"role": "user", "content": "问题"}]
    assert (row["model"], row["parameters"], row["address"]) == ("m", {"temperature": 0.7}, "http://localhost/v1")
    reply = row["reply"]
    assert (reply["model"], reply["date"], reply["cost"]) == ("m-0613", "2026-01-02T03:04:05+00:00", 0.25)
    assert (reply["tokens_in"], reply["tokens_out"], reply["seconds"], reply["extra"]) == (3, 5, 1.5, {"id": "c1"})


def test_a_journal_of_another_version_is_refused_in_one_line(journal, entry, add):
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


def test_a_failed_transaction_leaves_nothing(journal, entry):
    def half():
        with journal.transaction() as connection:
            insert(connection, entry())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert journal.count() == 0


def test_many_threads_and_connections_write_without_loss(journal, entry, add):
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


def test_a_new_journal_is_made_by_one_while_others_wait(tmp_path, monkeypatch):
    steps, create_tables = [], journals._create_tables

    def slowly(connection):
        steps.append("begun")
        time.sleep(0.2)
        create_tables(connection)
        steps.append("ended")

    monkeypatch.setattr(journals, "_create_tables", slowly)
    everyone = [Journal(path=tmp_path / "journal.sqlite") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(Journal.count, everyone)) == [0] * 4
    assert steps == ["begun", "ended"]
