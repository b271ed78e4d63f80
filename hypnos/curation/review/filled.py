"""Reads what reviewers handed in, and joins it with the key of their pages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from hypnos.curation.review.pages import DECISIONS, KEY, KEY_FILE, REASONS
from hypnos.curation.review.texts import EDITABLE, NEEDED
from hypnos.errors import UserError

Verdict = Literal["accept", "mend", "reject"]
VERDICTS = ("accept", "mend", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one reviewer decided on one record.

    Attributes:
        reviewer: who.
        moment: when, UTC, ISO 8601.
        verdict: accepted as it is, mended, or rejected.
        texts: as mended, by field; those that were left as they are do not stand there.
        reason: one of `REASONS`, of a rejection.
        note: the reviewer's words.
    """

    reviewer: str
    moment: str
    verdict: Verdict
    texts: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    note: str = ""

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "texts": dict(self.texts)}


def read_decisions(sheets: Path, files: Sequence[Path]) -> dict[str, list[Decision]]:
    """Read files and join them with the key.

    Args:
        sheets: folder of the pages, with the key.
        files: exports or backups of the pages; of two of the same page the later decision on a record counts.

    Returns:
        By the content of a record, what was decided on it, by the reviewers' names.

    Raises:
        UserError: a file is none, belongs to other pages, or says what no page can say; names file and record.
    """
    key = _read(sheets / KEY_FILE, KEY, "the key of review pages")
    decided: dict[str, dict[str, tuple[float, Decision]]] = {}
    for file in files:
        export = _read(file, DECISIONS, "an export of a review page")
        sheet = key["sheets"].get(str(export.get("sheet")))
        if sheet is None:
            raise UserError(f"{file}: belongs to other pages than those in {sheets} (review.sheets=<their folder>)")
        for id, fields in _table(export.get("records"), f"{file}: records").items():
            where = f"{file}: {id}"
            if id not in sheet["records"]:
                raise UserError(f"{where}: no such record on this page")
            fields = _table(fields, where)
            if not fields.get("verdict"):
                continue  # only opened
            changed = _changed(fields.get("changed"), where)
            decision = _decision(fields, sheet["reviewer"], changed, where)
            mine = decided.setdefault(sheet["records"][id]["content"], {})
            if sheet["reviewer"] not in mine or mine[sheet["reviewer"]][0] < changed:
                mine[sheet["reviewer"]] = (changed, decision)
    return {content: [mine[name][1] for name in sorted(mine)] for content, mine in decided.items()}


def _decision(fields: Mapping[str, Any], reviewer: str, changed: float, where: str) -> Decision:
    verdict, reason, note = (str(fields.get(name) or "") for name in ("verdict", "reason", "note"))
    if verdict not in VERDICTS:
        raise UserError(f"{where}: {verdict!r}: no decision (known: {', '.join(VERDICTS)})")
    if verdict == "reject" and reason not in REASONS:
        raise UserError(f"{where}: {reason!r}: no reason for a rejection (known: {', '.join(REASONS)})")
    texts: dict[str, str] = {}
    if verdict == "mend":
        for name, text in _table(fields.get("texts"), f"{where}: texts").items():
            if name not in EDITABLE or not isinstance(text, str):
                raise UserError(f"{where}: {name}: no text that may be mended (known: {', '.join(EDITABLE)})")
            texts[name] = text.replace("\r\n", "\n").strip()
        for name in NEEDED:
            if texts.get(name) == "":
                raise UserError(f"{where}: {name}: mended to nothing; reject the record instead")
    moment = datetime.fromtimestamp(changed / 1000, tz=UTC).isoformat(timespec="seconds")
    return Decision(
        reviewer=reviewer,
        moment=moment,
        verdict=verdict,  # type: ignore[arg-type]
        texts=tuple(sorted(texts.items())),
        reason=reason if verdict == "reject" else "",
        note=note.strip(),
    )


def _changed(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e14:
        raise UserError(f"{where}: changed {value!r}: no moment")
    return float(value)


def _read(file: Path, form: str, what: str) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from error
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != form:
        raise UserError(f"{file}: not {what} ({form})")
    return content


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{where}: not as the page writes it")
    return value
