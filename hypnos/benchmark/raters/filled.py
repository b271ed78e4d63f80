"""One file as a rater filled it in: a page's export or backup, or a table, before any key is applied."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypnos.benchmark.raters.sheet import RATINGS
from hypnos.benchmark.raters.spreadsheet import UNABLE, titles
from hypnos.errors import UserError

_NOT_ASKED = ("—", "-", "–", "－")
_NO = ("", "0", "否", "无", "没有")
# A cross is left out of both: it marks a box for some, and denies for others.
_YES = ("1", "是", "有", "√", "✓", "✔", "对")
_CANNOT = (UNABLE, "无法", "不能判断", "n", "na", "n/a")


@dataclass(frozen=True, slots=True)
class Given:
    """What was said about one answer."""

    scores: Mapping[str, float]
    unable: tuple[str, ...]
    severe: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A file that a rater handed in: by blinded answer what was said, by question the seconds it took."""

    file: Path
    sheet: str
    answers: Mapping[str, Given]
    seconds: Mapping[str, float] = field(default_factory=dict)


def read_file(file: Path, key: Mapping[str, Any]) -> Filled:
    """Read a file of either form.

    Args:
        file: `.json` or `.csv`.
        key: of the study: its indicators, severe errors and scale, and the answers of each sheet.

    Raises:
        UserError: it is of another kind, or a rating is outside the scale, unreadable or of an unknown answer.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from error
    if content[:2] == b"PK" or content[:4] == b"\xd0\xcf\x11\xe0":
        raise UserError(f"{file}: a workbook; save it as CSV in WPS or Excel and give that file")
    if file.suffix.lower() == ".csv":
        return _read_table(file, _decode(file, content), key)
    return _read_export(file, content, key)


def _read_export(file: Path, content: bytes, key: Mapping[str, Any]) -> Filled:
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != RATINGS:
        raise UserError(f"{file}: no export of a rating page ({RATINGS}), nor a table (.csv)")
    sheet = str(found.get("sheet"))
    answers: dict[str, Given] = {}
    seconds: dict[str, float] = {}
    for question, entry in _mapping(file, found.get("questions"), "questions").items():
        entry = _mapping(file, entry, question)
        seconds[question] = float(entry.get("seconds") or 0)
        for answer, given in _mapping(file, entry.get("answers"), question).items():
            given = _mapping(file, given, answer)
            cells = _mapping(file, given.get("scores"), answer)
            answers[answer] = _given(
                f"{file}: {answer}", cells, given.get("severe") or [], str(given.get("note") or ""), key
            )
            _check_known(file, sheet, answer, key)
    # A question that was only opened has empty entries: nothing is said about its answers.
    said = {id: given for id, given in answers.items() if given.scores or given.unable or given.severe or given.note}
    return Filled(file, sheet, said, seconds)


def _read_table(file: Path, text: str, key: Mapping[str, Any]) -> Filled:
    rows = list(_rows(text))
    at = titles(rows[0][1], key["indicators"], key["severe"]) if rows else {}
    lacking = [name for name in ("sheet", "answer", *(one["key"] for one in key["indicators"])) if name not in at]
    if lacking:
        raise UserError(f"{file}: no table of a rating sheet: no column for {', '.join(lacking)}")
    answers: dict[str, Given] = {}
    sheets: dict[str, int] = {}
    for row, cells in rows[1:]:
        cell = {name: cells[index].strip() if index < len(cells) else "" for name, index in at.items()}
        if not cell["answer"]:
            continue
        sheets.setdefault(cell["sheet"], row)
        if cell["answer"] in answers:
            raise UserError(f"{file}: row {row}: {cell['answer']} stands twice in this table")
        _check_known(file, cell["sheet"], cell["answer"], key)
        where = f"{file}: row {row}"
        scores = {
            one["key"]: cell[one["key"]] for one in key["indicators"] if cell[one["key"]] not in ("", *_NOT_ASKED)
        }
        marks = {one["key"]: cell.get(f"severe:{one['key']}", "") for one in key["severe"]}
        ticked = [name for name, mark in marks.items() if _ticked(where, name, mark)]
        given = _given(where, scores, ticked, cell.get("note", ""), key)
        if given.scores or given.unable or given.severe or given.note:
            answers[cell["answer"]] = given
    if len(sheets) > 1:
        raise UserError(f"{file}: lines of several sheets in one table: {', '.join(sheets)}")
    return Filled(file, next(iter(sheets), ""), answers)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(1 << 30)
    start = text[:2000]
    delimiter = max(",\t;", key=start.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    yield from enumerate(reader, 1)


def _decode(file: Path, content: bytes) -> str:
    """UTF-8 as we write it, UTF-16 as `Unicode text` is saved, GB18030 as WPS and Excel save CSV in China."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(f"{file}: neither UTF-8, UTF-16 nor GB18030")


def _given(where: str, cells: Mapping[str, Any], severe: Sequence[Any], note: str, key: Mapping[str, Any]) -> Given:
    known = {one["key"] for one in key["indicators"]}
    errors = {one["key"] for one in key["severe"]}
    unknown = [str(name) for name in (*(set(cells) - known), *(name for name in severe if name not in errors))]
    if unknown:
        raise UserError(f"{where}: {', '.join(sorted(unknown))}: no such indicator in this study")
    scores: dict[str, float] = {}
    unable = []
    for name, cell in cells.items():
        value = _number(cell)
        if value is None:
            unable.append(name)
        elif not (value.is_integer() and key["low"] <= value <= key["high"]):
            raise UserError(f"{where}: {name}: {cell} is no whole number from {key['low']} to {key['high']}")
        else:
            scores[name] = value
    return Given(scores, tuple(unable), tuple(severe), note)


def _number(cell: Any) -> float | None:
    """The rating in a cell; None for one that could not be judged; NaN, which is no whole number, for anything else."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    # Full-width digits and letters are folded.
    text = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in str(cell)).strip().lower()
    if text in _CANNOT or cell == "unable":
        return None
    try:
        return float(text.removesuffix("分"))
    except ValueError:
        return math.nan


def _ticked(where: str, name: str, cell: str) -> bool:
    mark = cell.strip().lower().translate({ord("１"): "1", ord("０"): "0"})
    if mark in _YES or mark in _NO or mark in _NOT_ASKED:
        return mark in _YES
    raise UserError(f"{where}: {name}: {cell!r} is neither 1 nor empty")


def _mapping(file: Path, value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{file}: {where}: not as the page writes it")
    return value


def _check_known(file: Path, sheet: str, answer: str, key: Mapping[str, Any]) -> None:
    """An answer that its sheet does not hold; a sheet that is not of this study is named by the caller."""
    entry = key["sheets"].get(sheet)
    if entry and not any(answer in question["answers"] for question in entry["questions"].values()):
        raise UserError(f"{file}: {answer}: no such answer on the sheet of {entry['rater']}")
