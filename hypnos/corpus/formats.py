"""Streams the rows of one file of JSON Lines, JSON, CSV, Parquet, PDF or DOCX, each with where it stands."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import orjson

from hypnos.corpus.pages.pdf import read_pdf
from hypnos.corpus.pages.word import read_word
from hypnos.corpus.storage.compressed import COMPRESSED, kind_of, open_binary, open_text
from hypnos.errors import UserError

WITHIN = 15
"""Commas in a cell from which its lines may be rows: fewer may stand there by chance."""

COMPRESSED_WITHIN = (".parquet", ".pdf", ".docx")

FileRow = tuple[str, Any]
"""Where a row stands (`file:line`) and what it holds: a mapping, a list, or `Malformed`."""


class Malformed(str):
    """Stands for a row that could not be parsed, and says why."""


def read_file(file: Path, encoding: str) -> Iterator[FileRow]:
    """Stream the rows of one file.

    Raises:
        UserError: it is empty, of an unknown kind or not in this encoding.
    """
    read, count = _reader(file), 0
    try:
        for row in read(file, encoding):
            count += 1
            yield row
    except UnicodeDecodeError as error:
        hint = " (older Chinese files: encoding=gb18030)" if encoding.startswith("utf") else ""
        line = _undecodable_line(file, encoding)
        raise UserError(f"{file}:{line}: not {encoding.removesuffix('-sig')}: {error.reason}{hint}") from error
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from error
    if not count:
        raise UserError(f"{file}: no records in this file")


def _undecodable_line(file: Path, encoding: str) -> int:
    """Find the faulty line: text is decoded in blocks, so the error itself does not know it."""
    with open_binary(file) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return 1


def _reader(file: Path) -> Callable[[Path, str], Iterator[FileRow]]:
    if not has_reader(file):
        packed = ", ".join(f"{kind}{ending}" for kind in (".jsonl", ".csv") for ending in COMPRESSED)
        raise UserError(f"{file}: unknown kind {file.suffix!r}; known: {', '.join(READERS)}, {packed}")
    return READERS[kind_of(file)]


def has_reader(file: Path) -> bool:
    """Whether a file is of a known kind, by its name."""
    kind = kind_of(file)
    return kind in READERS and (kind not in COMPRESSED_WITHIN or file.suffix.lower() == kind)


def _read_lines(file: Path, encoding: str) -> Iterator[FileRow]:
    with open_text(file, encoding) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                yield f"{file}:{number}", orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield f"{file}:{number}", Malformed(f"not JSON: {error}")


def _read_json(file: Path, encoding: str) -> Iterator[FileRow]:
    with open_text(file, encoding) as stream:
        if _is_array(file, encoding):
            yield from _read_array(file, stream, encoding)
        else:
            yield from _read_lines(file, encoding)


def _is_array(file: Path, encoding: str) -> bool:
    """Tell one JSON array from JSON Lines under the name .json, whose lines may be lists of turns themselves.

    The first signs decide, since a whole array often stands on one line that does not fit into memory.
    """
    start = ""
    with open_text(file, encoding) as stream:
        while len(start) < 2 and (block := stream.read(1024)):
            start += "".join(block.split())
    return start.startswith("[") and not start.startswith('["')


def _read_array(file: Path, stream: IO[str], encoding: str) -> Iterator[FileRow]:
    import ijson

    number = 0
    try:
        for number, row in enumerate(ijson.items(stream, "item", use_float=True), 1):
            yield f"{file}#{number}", row
    except ijson.JSONError as error:
        reason = str(error).splitlines()[0]  # the lines below draw where it is
        raise UserError(f"{file}{_line_of_fault(file, encoding)}: not JSON after record {number}: {reason}") from error


def _line_of_fault(file: Path, encoding: str, limit: int = 64 << 20) -> str:
    """Find the faulty line by parsing the text at once, which is affordable only for smaller files."""
    with open_text(file, encoding) as whole:
        text = whole.read(limit)
    if len(text) == limit:
        return ""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f":{error.lineno}"
    return ""


def _read_csv(file: Path, encoding: str) -> Iterator[FileRow]:
    csv.field_size_limit(1 << 30)
    with open_text(file, encoding, newline="") as stream:
        delimiter = "\t" if kind_of(file) == ".tsv" else ","
        reader = csv.DictReader(stream, delimiter=delimiter, strict=True)
        try:
            _refuse_twins(file, reader.fieldnames or ())
            for row in reader:
                extra = row.pop(None, None)  # type: ignore[call-overload]
                fault = "more cells than columns" if extra else None
                fault = "fewer cells than columns" if None in row.values() else fault
                if holed := next((name for name, cell in row.items() if cell and "\0" in cell), None):
                    fault = f"a NUL in column {holed}"
                if swallowed := next(
                    (name for name, cell in row.items() if cell and _holds_rows(cell, row, delimiter)), None
                ):
                    raise UserError(
                        f"{file}:{reader.line_num}: column {swallowed} holds whole rows: a quotation mark before them"
                        " is not closed, or should not be there"
                    )
                yield f"{file}:{reader.line_num}", Malformed(fault) if fault else row
        except csv.Error as error:
            is_in_part = "expected after" in str(error)
            hint = " (cells that begin with a quotation mark must be quoted whole)" if is_in_part else ""
            line = reader.line_num + is_in_part  # such a line is not counted yet
            raise UserError(f"{file}:{line}: not CSV: {error}{hint}") from error


def _holds_rows(cell: str, row: Mapping[str, Any], delimiter: str) -> bool:
    """Whether a cell is made of rows, as behind a quotation mark that is not closed: every line has all cells."""
    lines = cell.split("\n")[1:-1] if "\n" in cell else []
    commas = len(row) - 1
    return len(lines) * commas >= WITHIN and all(line.count(delimiter) == commas for line in lines)


def _refuse_twins(file: Path, columns: Sequence[str]) -> None:
    """Of two columns of one name only the last would be read; names differ by more than case and blanks."""
    plain = [column.strip().lower() for column in columns]
    for column in plain:
        if column and plain.count(column) > 1:
            raise UserError(f"{file}:1: two columns are called {column}")


def _read_parquet(file: Path, encoding: str) -> Iterator[FileRow]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{file}#{number}", row
    except pyarrow.ArrowInvalid as error:
        raise UserError(f"{file}: not Parquet: {str(error).splitlines()[0]}") from error


def _read_pdf(file: Path, encoding: str) -> Iterator[FileRow]:
    return ((where, Malformed(row) if isinstance(row, str) else row) for where, row in read_pdf(file, encoding))


READERS: dict[str, Callable[[Path, str], Iterator[FileRow]]] = {
    ".jsonl": _read_lines,
    ".ndjson": _read_lines,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
    ".pdf": _read_pdf,
    ".docx": read_word,
}
