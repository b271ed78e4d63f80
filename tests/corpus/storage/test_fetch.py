"""Files are fetched whole or not at all, and one that changed since it was looked at is refused."""

import errno
import tempfile
from pathlib import Path

import pytest

from hypnos.corpus.storage import connection, fetch
from hypnos.corpus.storage.fetch import fetched, remote_key
from hypnos.corpus.storage.remote_files import list_remote
from hypnos.errors import UserError

CHANGED = r"a\.jsonl: changed while this command ran; the same command begins with it as it is now"


@pytest.fixture(autouse=True)
def copies(tmp_path, monkeypatch):
    """Where copies lie; nothing may be left there."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def read(address):
    files = list_remote(address)
    with fetched(files) as folder:
        return {file.name: (folder / file.name).read_bytes() for file in files}


def test_copies_are_whole_and_go_again(memory, copies):
    content = bytes(range(256)) * 9000
    memory.pipe({"/set/a.jsonl": content, "/set/b.csv": b"2"})
    assert read("memory://set") == {"a.jsonl": content, "b.csv": b"2"}


def test_a_key_is_that_of_the_bytes_wherever_they_lie(memory, anew, web):
    memory.pipe("/set/a.jsonl", b"one")
    key = remote_key(list_remote("memory://set/a.jsonl"))
    memory.pipe("/other/a/b.jsonl", b"one")
    web.files["/a.jsonl"] = b"one"
    assert remote_key(list_remote("memory://other/a/b.jsonl")) == key
    assert remote_key(list_remote(f"{web.address}/a.jsonl")) == key
    memory.pipe("/set/a.jsonl", b"two")
    anew()
    assert remote_key(list_remote("memory://set/a.jsonl")) != key


def test_a_key_knows_the_names_of_several_files(memory):
    memory.pipe({"/one/a.jsonl": b"1", "/one/b.jsonl": b"2", "/two/b.jsonl": b"1", "/two/a.jsonl": b"2"})
    assert remote_key(list_remote("memory://one")) != remote_key(list_remote("memory://two"))


def test_an_etag_stands_for_the_bytes_and_spares_fetching_them(web, anew):
    web.files["/a.jsonl"], web.etags["/a.jsonl"] = b"one", '"e1"'
    key = remote_key(list_remote(f"{web.address}/a.jsonl"))
    assert not web.sent
    anew()
    web.etags["/a.jsonl"] = '"e2"'
    assert remote_key(list_remote(f"{web.address}/a.jsonl")) != key


def test_a_file_that_changes_between_two_readings_is_refused(memory, anew):
    """Of the same size, with nothing stated: its bytes tell."""
    memory.pipe("/set/a.jsonl", b"one")
    assert read("memory://set/a.jsonl") == {"a.jsonl": b"one"}
    memory.pipe("/set/a.jsonl", b"two")
    with pytest.raises(UserError, match=f"^memory://set/{CHANGED}$"):
        read("memory://set/a.jsonl")
    anew()
    assert read("memory://set/a.jsonl") == {"a.jsonl": b"two"}


def test_a_file_of_another_size_than_was_listed_is_refused(memory):
    memory.pipe("/set/a.jsonl", b"one")
    list_remote("memory://set/a.jsonl")
    memory.pipe("/set/a.jsonl", b"more")
    with pytest.raises(UserError, match=CHANGED + r" \(4 bytes, 3 before\)$"):
        read("memory://set/a.jsonl")


def test_a_file_that_changes_while_it_is_fetched_is_refused(web):
    web.files["/a.jsonl"], web.etags["/a.jsonl"] = b"one", '"e1"'
    web.after = lambda path: web.etags.update({path: '"e2"'})
    with pytest.raises(UserError, match=CHANGED + "$"):
        read(f"{web.address}/a.jsonl")


def test_a_cut_connection_is_tried_again(web, monkeypatch):
    web.files["/a.jsonl"], web.cut = b"0123456789" * 1000, 2
    assert read(f"{web.address}/a.jsonl") == {"a.jsonl": web.files["/a.jsonl"]}
    assert len(web.sent) == 3


def test_one_that_stays_cut_is_one_line(web):
    web.files["/a.jsonl"], web.cut = b"0123456789" * 1000, 99
    with pytest.raises(
        UserError, match=r"^http://127\.0\.0\.1:\d+/a\.jsonl: cannot be read: ClientPayloadError: [^\n]+$"
    ):
        read(f"{web.address}/a.jsonl?token=secret")
    assert len(web.sent) == fetch.TRIES


def test_one_that_says_no_more_is_not_waited_for_without_end(web, monkeypatch):
    monkeypatch.setattr(connection, "WAITS", {"sock_connect": 5, "sock_read": 0.2})
    web.files["/a.jsonl"], web.stalls = b"0123456789" * 1000, True
    with pytest.raises(UserError, match=r"/a\.jsonl: cannot be read: [^\n]*Timeout[^\n]*$"):
        read(f"{web.address}/a.jsonl")
    assert len(web.sent) == fetch.TRIES


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_server_that_refuses_is_one_line_without_what_lets_one_in(web, status):
    web.files["/a.jsonl"], web.status = b"one", status
    with pytest.raises(UserError) as refused:
        read(f"{web.address}/a.jsonl?token=secret")
    assert str(refused.value).startswith(f"{web.address}/a.jsonl: cannot be read: ClientResponseError: {status}")
    assert "secret" not in str(refused.value)


def test_a_full_disk_is_not_tried_again(memory, monkeypatch):
    memory.pipe("/set/a.jsonl", b"one")
    tries = []

    def full(place, copy):
        tries.append(Path(copy))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(memory, "get_file", full)
    with pytest.raises(OSError, match="No space left"):
        read("memory://set/a.jsonl")
    assert len(tries) == 1
