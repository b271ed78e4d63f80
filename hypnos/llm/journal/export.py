"""Writes a journal as JSON Lines and reads them back: to look at, to keep under version control, to carry elsewhere.

python -m hypnos.llm.journal.export export artefacts/journal.sqlite replies.jsonl
python -m hypnos.llm.journal.export import artefacts/journal.sqlite replies.jsonl
"""

import argparse
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from hypnos.artefacts.store import disk_errors
from hypnos.errors import UserError, one_line
from hypnos.llm.chat import Reply
from hypnos.llm.journal.journal import Entry, Journal, insert
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.requests import Request

log = logging.getLogger(__name__)

_AT_ONCE = 1000
_OPTIONAL = {"tokens_in": 0, "tokens_out": 0, "cost": None, "seconds": 0.0, "date": "", "finish": "stop"}


def export_lines(journal: Journal, path: Path) -> int:
    """Write every reply, in the order of the keys: the same journal gives the same bytes.

    Returns:
        How many there were.
    """
    count = 0
    partial = path.with_name(f".{path.name}.partial")
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            for entry in journal.entries():
                stream.write(_line(entry))
                count += 1
        partial.replace(path)
    return count


def import_lines(path: Path, journal: Journal) -> int:
    """Add the replies of an export; what the journal already holds stays as it is, and no account is charged.

    Returns:
        How many were new.

    Raises:
        UserError: a line is none of an export's.
    """
    added = 0
    group: list[Entry] = []
    for _, entry in read_lines(path):
        group.append(entry)
        if len(group) == _AT_ONCE:
            added += _add(journal, group)
            group = []
    return added + _add(journal, group)


def read_lines(path: Path) -> Iterator[tuple[int, Entry]]:
    """Stream the entries of an export, each with the byte at which its line begins.

    A line needs `model`, `messages` and `reply.text`; keys are made anew, and compared where they are stated.

    Raises:
        UserError: the file cannot be read, or a line does not hold a reply; names the line.
    """
    start = 0
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield start, _entry(line, f"{path}:{number}")
                start += len(line)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error


class Recording:
    """An export that is only read: where its lines begin is held in memory, the replies are not."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts = {entry.key: start for start, entry in read_lines(path)}
        self._stream = path.open("rb")

    def find(self, key: str) -> Reply | None:
        """Find the reply under a key, if there is one."""
        start = self._starts.get(key)
        if start is None:
            return None
        self._stream.seek(start)
        return _entry(self._stream.readline(), str(self._path)).reply


def _entry(line: bytes, where: str) -> Entry:
    try:
        row: dict[str, Any] = orjson.loads(line)
        identity = {"address": "recorded", "parameters": {}, **row}
        request = Request(id="", messages=tuple(row["messages"]), schema=row.get("schema"))
        reply: Mapping[str, Any] = {**_OPTIONAL, "model": row["model"], **row["reply"]}
        entry = Entry(RequestKeys(identity, request), int(row.get("sample", 0)), Reply(**reply))
        if not isinstance(entry.reply.text, str):
            raise TypeError("reply.text: not text")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else error
        raise UserError(f"{where}: no line of a journal: {detail}") from error
    if row.get("key", entry.key) != entry.key:
        raise UserError(f"{where}: its key is not that of its prompt: the line was changed (leave the key out)")
    return entry


def _add(journal: Journal, group: list[Entry]) -> int:
    with journal.transaction() as connection:
        return sum(insert(connection, entry) for entry in group)


def _line(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS)


def main() -> None:
    """Run the command: export or import."""
    parser = argparse.ArgumentParser(description="Write a journal's replies as JSON Lines, or add them to one.")
    parser.add_argument("what", choices=["export", "import"], help="export or import")
    parser.add_argument(
        "journal", type=Path, help="such as artefacts/journal.sqlite; an import makes it where there is none"
    )
    parser.add_argument("lines", type=Path, help="JSON Lines, a reply a line")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with one_line(reraise=False):
        if arguments.what == "export":
            count = export_lines(Journal(path=arguments.journal, read_only=True), arguments.lines)
            log.info("%s: %s replies written", arguments.lines, f"{count:,}")
        else:
            count = import_lines(arguments.lines, Journal(path=arguments.journal))
            log.info("%s: %s new replies", arguments.journal, f"{count:,}")


if __name__ == "__main__":
    main()
