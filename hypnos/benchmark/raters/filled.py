"""Reads one file as a rater filled it in: a page's export or backup, or a table, before any key is applied."""

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
class AnswerEntry:
    """What a rater entered about one answer.

    Attributes:
        scores: by indicator.
        unable: indicators that the rater could not judge.
        severe: keys of the severe errors ticked.
        note: the rater's words.
    """

    scores: Mapping[str, float]
    unable: tuple[str, ...]
    severe: tuple[str, ...]
    note: str

    def __bool__(self) -> bool:
        """Whether anything was entered: a question that was only opened has empty entries."""
        return bool(self.scores or self.unable or self.severe or self.note)


@dataclass(frozen=True, slots=True)
class FilledSheet:
    """A file that a rater handed in.

    Attributes:
        file: the file.
        sheet: number of the sheet.
        answers: what was entered, by blinded answer.
        seconds: active time by question; empty from a table.
    """

    file: Path
    sheet: str
    answers: Mapping[str, AnswerEntry]
    seconds: Mapping[str, float] = field(default_factory=dict)


def read_file(file: Path, key: Mapping[str, Any]) -> FilledSheet:
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


def _read_export(file: Path, content: bytes, key: Mapping[str, Any]) -> FilledSheet:
    try:
        export = json.loads(content.decode("utf-8-sig"))
    except ValueError:
        export = None
    if not isinstance(export, dict) or export.get("format") != RATINGS:
        raise UserError(f"{file}: no export of a rating page ({RATINGS}), nor a table (.csv)")
    sheet = str(export.get("sheet"))
    answers: dict[str, AnswerEntry] = {}
    seconds: dict[str, float] = {}
    for question, filled in _mapping(file, export.get("questions"), "questions").items():
        filled = _mapping(file, filled, question)
        seconds[question] = float(filled.get("seconds") or 0)
        for answer, fields in _mapping(file, filled.get("answers"), question).items():
            fields = _mapping(file, fields, answer)
            cells = _mapping(file, fields.get("scores"), answer)
            answers[answer] = _entry(
                f"{file}: {answer}", cells, fields.get("severe") or [], str(fields.get("note") or ""), key
            )
            _check_known(file, sheet, answer, key)
    return FilledSheet(file, sheet, {answer: entry for answer, entry in answers.items() if entry}, seconds)


def _read_table(file: Path, text: str, key: Mapping[str, Any]) -> FilledSheet:
    rows = list(_rows(text))
    at = titles(rows[0][1], key["indicators"], key["severe"]) if rows else {}
    lacking = [
        name for name in ("sheet", "answer", *(indicator["key"] for indicator in key["indicators"])) if name not in at
    ]
    if lacking:
        raise UserError(f"{file}: no table of a rating sheet: no column for {', '.join(lacking)}")
    answers: dict[str, AnswerEntry] = {}
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
            name: cell[name]
            for name in (indicator["key"] for indicator in key["indicators"])
            if cell[name] not in ("", *_NOT_ASKED)
        }
        marks = {error["key"]: cell.get(f"severe:{error['key']}", "") for error in key["severe"]}
        ticked = [name for name, mark in marks.items() if _ticked(where, name, mark)]
        entry = _entry(where, scores, ticked, cell.get("note", ""), key)
        if entry:
            answers[cell["answer"]] = entry
    if len(sheets) > 1:
        raise UserError(f"{file}: lines of several sheets in one table: {', '.join(sheets)}")
    return FilledSheet(file, next(iter(sheets), ""), answers)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(1 << 30)
    head = text.strip("\r\n").splitlines()[:1]  # alone: a question may hold more commas than its line has columns
    delimiter = max(",\t;", key="".join(head).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    yield from enumerate(reader, 1)


def _decode(file: Path, content: bytes) -> str:
    """Decode UTF-8 as we write it, UTF-16 as `Unicode text` is saved, GB18030 as WPS and Excel save CSV in China."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(f"{file}: neither UTF-8, UTF-16 nor GB18030")


def _entry(
    where: str, cells: Mapping[str, Any], severe: Sequence[Any], note: str, key: Mapping[str, Any]
) -> AnswerEntry:
    known = {indicator["key"] for indicator in key["indicators"]}
    errors = {error["key"] for error in key["severe"]}
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
    return AnswerEntry(scores, tuple(unable), tuple(severe), note)


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
    """Raise UserError for an answer that its sheet does not hold; a sheet of another study is named by the caller."""
    entry = key["sheets"].get(sheet)
    if entry and not any(answer in question["answers"] for question in entry["questions"].values()):
        raise UserError(f"{file}: {answer}: no such answer on the sheet of {entry['rater']}")
