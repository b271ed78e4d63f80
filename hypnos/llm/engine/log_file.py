"""Finds in a server's log why it ended."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

_TAIL = 200_000
"""Bytes at the end of a log that are read."""

_PREFIX = re.compile(
    r"^(?:\([^)]*\)\s*)*(?:(?:ERROR|CRITICAL|WARNING|INFO)\s+\d\d-\d\d \d\d:\d\d:\d\d \[[^\]]*\]\s*)?"
    r"|^[\d.]+ [A-Z] (?:\w+ +)?(?=\w+:)"
)
"""What vLLM puts before a line: the process, the level, the time and the place; and llama.cpp: time, level and part."""

_ERROR = re.compile(
    r"^\s*(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Interrupt)(?:: .*)?$|^\S*error: .+|^(?:\w+: )?error .+"
    r"|^\w+: failed to (?:allocate|fit) .+|.*No module named .+"
)
_VAGUE = re.compile(
    "Engine core initialization failed|EngineDeadError|EngineCore encountered an issue|RuntimeError: cancelled$"
)
"""Lines of a process that only says that another one failed."""

_WITHOUT_A_WORD = "one of its processes ended without a word, as when the system kills it because memory ran out"

_SUMMARY = re.compile(r"\bValidationError: \d+ validation errors? for \w+$")
"""A line after which pydantic says what is wrong: `  Value error, <what> [type=value_error, input_value=...]`."""

_DETAILS = re.compile(r"\s*\[type=.*$")

OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|out of memory|MemoryError|No available memory|not enough memory|bad_alloc|failed to allocate"
    r"|Available memory on node",
    re.I,
)


def cause_in(log: Path) -> str:
    """The line of a log that says most about its end: the last error that is none of another one, or the last line.

    Where every error is of a process that lost another one, and that one said nothing, this is said.
    """
    lines = [_PREFIX.sub("", line).strip() for line in _tail(log).splitlines()]
    lines = list(_with_what_is_wrong([line for line in lines if line]))
    all_errors = [line for line in lines if _ERROR.match(line)]
    errors = [line for line in all_errors if not _VAGUE.search(line)]
    if all_errors and not errors:
        return _WITHOUT_A_WORD
    memory = [line for line in errors if OUT_OF_MEMORY.search(line)]
    chosen = (memory or errors or lines or ["it said nothing"])[-1]
    return chosen if len(chosen) <= 400 else f"{chosen[:400]} ..."


def _with_what_is_wrong(lines: Sequence[str]) -> Iterator[str]:
    """The lines, with what is wrong in the place of its summary."""
    for line, after in pairwise([*lines, ""]):
        is_summary = _SUMMARY.search(line)
        yield f"ValueError: {_DETAILS.sub('', after.removeprefix('Value error, '))}" if is_summary else line


def _tail(log: Path) -> str:
    if not log.is_file():
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL))
        return stream.read().decode("utf-8", errors="replace")
