"""A server of one's own in a process of its own: started, waited for, watched, and ended with whoever started it."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from hypnos.errors import UserError
from hypnos.llm.engine.log_file import cause_in
from hypnos.llm.engine.server_program import ServerProgram

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
"""Servers listen here alone: what they are asked stays on this machine."""

_WATCHER = Path(__file__).with_name("watcher.py")
_WHO_KILLS: dict[int, str] = {
    signal.SIGKILL: ", by somebody or by the system when memory ran out",
    signal.SIGILL: ", it was built for another processor",
}
_PORTS_TRIED = 3  # another process may take a free port before the server does
_ENDING = 15.0  # seconds within which a server that died has taken along what it started
_LOOK_EVERY = 0.5  # seconds between two looks whether a server is up


class ServerProcess:
    """Lives from `start` to `close`, and never longer than this process, even where that is killed."""

    def __init__(
        self,
        name: str,
        program: ServerProgram,
        *,
        log_file: Path,
        port: int | None = None,
        patience: float = 900.0,
    ) -> None:
        """Say what would run; nothing is started.

        Args:
            name: begins each line of an error.
            program: what to run.
            log_file: what the server writes, all of it.
            port: None: one that is free.
            patience: seconds until it must be up.
        """
        self.name = name
        self.log_file = log_file.absolute()
        self._program = program
        # Paths of this process' own modules would stand before those of the server's interpreter.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._environment = {**inherited, **program.environment}
        self._port = port
        self._patience = patience
        self._watcher: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        self.port = 0

    @property
    def url(self) -> str:
        """The address of its OpenAI-like interface."""
        return f"http://{HOST}:{self.port}/v1"

    def start(self) -> None:
        """Start it, unless it runs, and wait until it is healthy.

        Raises:
            UserError: it ends before, or is not up in time; the line holds the cause from its log.
        """
        with self._starting:
            if self._watcher is not None and self._watcher.poll() is None:
                return
            for _ in range(_PORTS_TRIED):
                if self._try():
                    return
            raise UserError(
                f"{self.name}: {_PORTS_TRIED} free ports were taken before it could listen: engine.port=<one>"
            )

    def ended(self) -> str | None:
        """Why the server is no longer there; None while it is, or before it was started."""
        if self._watcher is None or self._watcher.poll() is None:
            return None
        status = self._watcher.returncode
        killed = f"signal {256 - status}{_WHO_KILLS.get(256 - status, '')}"
        how = f"was killed ({killed})" if status > 192 else f"ended (status {status})"
        return f"{self.name} {how}: {self._cause()} (all it said: {self.log_file})"

    def failure(self) -> str | None:
        """Why it cannot be asked any more: it has ended, or does not answer; None where it can."""
        if (reason := self.ended()) is not None or self._watcher is None or _lists(self.port, self._program.model):
            return reason
        with suppress(subprocess.TimeoutExpired):  # what it started is ended first
            self._watcher.wait(_ENDING)
        return self.ended() or f"{self.name} does not answer any more: {self._cause()} ({self.log_file})"

    def _cause(self) -> str:
        """The log's own words, and what sets here what they speak of."""
        cause = cause_in(self.log_file)
        knobs = dict.fromkeys(knob for word, knob in self._program.knobs.items() if word in cause)
        return f"{cause} [{', '.join(knobs)}]" if knobs else cause

    def close(self) -> None:
        """End the server and wait until nothing of it is left; one that does not run is left alone."""
        if self._watcher is None:
            return
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()
        self._watcher.wait()
        self._watcher = None

    def _try(self) -> bool:
        """Start it at a port; False where another process took the port first and there are others to try."""
        self.port = self._port or free_port()
        if self._port is not None and _is_taken(self._port):
            raise UserError(f"{self.name}: port {self._port} is taken by another process; null finds a free one")
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.write_bytes(b"")
        log.info("%s: starting, port %d; it writes to %s", self.name, self.port, self.log_file)
        started = time.monotonic()
        self._watcher = subprocess.Popen(
            [sys.executable, "-S", str(_WATCHER), str(self.log_file), *self._program.words, "--port", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=self.log_file.parent,  # `-m` looks here first: no file of ours stands for a package
            env=self._environment,
            start_new_session=True,  # a terminal's Ctrl-C reaches the command alone, which then closes
        )
        try:
            while not _lists(self.port, self._program.model):
                if self._watcher.poll() is not None:
                    reason = str(self.ended())
                    self._watcher = None
                    if self._port is None and "address already in use" in reason.lower():
                        return False
                    raise UserError(reason)
                if time.monotonic() - started > self._patience:
                    raise UserError(
                        f"{self.name}: not up after {self._patience:g} seconds (engine.start_timeout); last words: "
                        f"{self._cause()} (all of them: {self.log_file})"
                    )
                time.sleep(_LOOK_EVERY)
        except BaseException:
            self.close()
            raise
        log.info("%s: up after %.0f s", self.name, time.monotonic() - started)
        return True


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _is_taken(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return True
    return False


def _lists(port: int, model: str) -> bool:
    """Whether a server at this port says that it has the model, and is healthy: llama.cpp lists what it still loads."""
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        straight.open(f"http://{HOST}:{port}/health", timeout=5).close()
        with straight.open(f"http://{HOST}:{port}/v1/models", timeout=5) as reply:
            return model in [str(entry["id"]) for entry in json.load(reply)["data"]]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return False
