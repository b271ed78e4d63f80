"""A storage that fsspec keeps in memory, and a web server whose files and manners a test chooses."""

import http.server
import threading
from collections.abc import Iterator
from urllib.parse import quote, unquote

import fsspec
import pytest

from hypnos.corpus.storage import fetch
from hypnos.corpus.storage.remote_files import list_remote


def begin_anew() -> None:
    """As a new process begins: nothing was looked at."""
    list_remote.cache_clear()
    fetch._digests.clear()


@pytest.fixture
def anew():
    return begin_anew


@pytest.fixture(autouse=True)
def _begun_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    begin_anew()
    monkeypatch.setattr(fetch, "PAUSE", 0.0)
    yield
    begin_anew()


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    storage = fsspec.filesystem("memory")
    storage.store.clear()
    yield storage
    storage.store.clear()


class Web(http.server.ThreadingHTTPServer):
    """Files by their paths; `etags` are stated where they are given, so many replies end in the middle, or all stall there.

    Attributes:
        after: called once a file is sent.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.cut = 0
        self.stalls = False
        self.closing = threading.Event()
        self.status = 200
        self.sent: list[str] = []
        self.after = lambda path: None
        self.address = f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Web

    def do_HEAD(self) -> None:
        self._reply(whole=False)

    def do_GET(self) -> None:
        self._reply(whole=True)

    def _reply(self, *, whole: bool) -> None:
        path = unquote(self.path.partition("?")[0])
        content = self.server.files.get(path)
        if content is None and (content := self._page(path)) is None:
            self.send_error(404)
            return
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if path not in self.server.files else "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        if path in self.server.etags:
            self.send_header("ETag", self.server.etags[path])
        self.end_headers()
        if not whole:
            return
        if path in self.server.files:
            self.server.sent.append(path)
            if self.server.stalls:
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                self.server.closing.wait()
                return
            if self.server.cut:
                self.server.cut -= 1
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                return
        self.wfile.write(content)
        if path in self.server.files:
            self.server.after(path)

    def _page(self, path: str) -> bytes | None:
        folder = path.rstrip("/") + "/"
        names = {name.removeprefix(folder).partition("/") for name in self.server.files if name.startswith(folder)}
        links = sorted(f'<a href="{quote(name + slash)}">x</a>' for name, slash, _ in names)
        return (
            "".join(["<html>", '<a href="?C=N;O=D">Name</a><a href="../">up</a>', *links]).encode() if names else None
        )

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
