"""Stands between a command and the server it started, and ends the server when the command is gone, whatever ended it.

A script that imports nothing of ours: `python watcher.py <log> <the server's command ...>`. Its standard input is a
pipe whose other end the command holds, and nobody else: when it closes, the command has closed it or is dead.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

GRACE = 10.0
"""Seconds that a server has to end by itself before it is killed."""

_LOOK_EVERY = 0.2  # seconds between two looks at server and command
_DIES_WITH_PARENT, _ADOPTS_ORPHANS = 1, 36  # options of Linux' prctl


def main(log: str, command: list[str]) -> int:
    """Run a server until it ends or the command is gone; returns its exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the command itself decides what ends
    signal.signal(signal.SIGTERM, _leave)
    _ask_kernel(_ADOPTS_ORPHANS, 1)
    command_pid = os.getppid()
    with Path(log).open("ab") as stream:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            preexec_fn=lambda: _ask_kernel(_DIES_WITH_PARENT, signal.SIGTERM),
        )
    try:
        while server.poll() is None and os.getppid() == command_pid:
            readable, _, _ = select.select([sys.stdin], [], [], _LOOK_EVERY)
            if readable and not os.read(sys.stdin.fileno(), 1):
                break
    finally:
        _end(server)
    return server.returncode


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End the server and all it started, each by its id; what leaves its group becomes a child of this process."""
    _signal_group(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and (server.poll() is None or _children()):
        _reap(server)
        time.sleep(0.05)
    _signal_group(server.pid, signal.SIGKILL)
    server.wait()
    while children := _children():
        for child in children:
            os.kill(child, signal.SIGKILL)
        _reap(server)
        time.sleep(0.05)


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all of it has ended
        os.killpg(group, number)


def _children() -> list[int]:
    """Ids of this process's children, where Linux tells them."""
    file = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(word) for word in file.read_text().split()] if file.is_file() else []


def _reap(server: "subprocess.Popen[bytes]") -> None:
    """Take notice of orphans that ended; the server itself is left to `subprocess`."""
    for child in _children():
        if child != server.pid:
            os.waitpid(child, os.WNOHANG)


def _ask_kernel(option: int, value: int) -> None:
    """Set an attribute of this process, on Linux; elsewhere what depends on it is done without."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _leave(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]) % 256)
