"""Writes blinded pages for reviewers, and the key that stays with the researcher."""

import hashlib
import heapq
import json
import logging
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.curation.pipeline.step import RecordRow
from hypnos.curation.review.settings import Review
from hypnos.curation.review.texts import content_of, shown_of
from hypnos.errors import UserError
from hypnos.report.pages.offline_page import write_offline_page

log = logging.getLogger(__name__)

SHEET, KEY, DECISIONS = "hypnos-review-sheet/1", "hypnos-review-key/1", "hypnos-review/1"
"""Names and versions of the three kinds of files."""

KEY_FILE, HANDED_OUT = "key.json", "hand_out"

REASONS = {
    "dose": "剂量或用药错误",
    "unsafe": "有安全隐患",
    "wrong": "事实错误",
    "incomplete": "关键内容缺失",
    "off_topic": "答非所问",
    "language": "语言或格式问题",
    "other": "其他（请写备注）",
}
"""Why a record is rejected, and how the page says it."""

MOST = 5000
"""Records of a page: more are reviewed by nobody, and make a file that no browser likes."""

_MORE = Path(__file__).with_name("review.html")


def pages_for(review: Review, rows: Iterable[RecordRow], *, artefacts: Path) -> Path:
    """The folder with a page for each reviewer and the key, made now or found.

    `hand_out/` holds what reviewers get. The same records and settings make the same files, byte by byte.

    Args:
        review: who, and how much.
        rows: the kept records; may be read several times.
        artefacts: where the folder is kept.

    Raises:
        UserError: there are no records, or more than a page holds.
    """
    drawn = _draw(review, rows)
    if not drawn:
        raise UserError("review: no records are kept, so there is nothing to review")
    shares = {
        name: [row for number, row in enumerate(drawn) if _is_mine(review, number, at)]
        for at, name in enumerate(review.reviewers)
    }
    longest = max(map(len, shares.values()))
    if longest > MOST:
        raise UserError(f"review: {longest:,} records for one reviewer, at most {MOST:,} (review.records)")
    settings = {name: getattr(review, name) for name in ("reviewers", "overlap", "seed", "title")}
    key = content_key({"format": KEY, **settings, "records": [[content_of(row), _is_local(row)] for row in drawn]})
    directory = artefact_folder(artefacts / "reviews", "review", key)

    def write(partial: Path) -> None:
        (partial / HANDED_OUT).mkdir()
        sheets = {}
        for name, share in shares.items():
            page, entries = _sheet(review, name, share)
            title = f"{review.title} - {name}"
            write_offline_page(partial / HANDED_OUT / f"{name}.html", page, more=_MORE, title=title)
            sheets[page["sheet"]] = {"reviewer": name, "records": entries}
        (partial / KEY_FILE).write_text(
            json.dumps({"format": KEY, "sheets": sheets}, ensure_ascii=False, indent=1), "utf-8"
        )

    make_once(directory, write)
    return directory


def _draw(review: Review, rows: Iterable[RecordRow]) -> list[RecordRow]:
    """The records that are reviewed, in an order that depends on the seed and on themselves alone."""
    if review.records is None:
        return sorted(rows, key=lambda row: _chance(review, row))
    return heapq.nsmallest(review.records, rows, key=lambda row: _chance(review, row))


def _chance(review: Review, row: RecordRow) -> bytes:
    return hashlib.blake2b(f"{review.seed}\0{content_of(row)}".encode(), digest_size=16).digest()


def _is_local(row: RecordRow) -> bool:
    return bool(row.get("egress", "any") != "any")


def _is_mine(review: Review, number: int, at: int) -> bool:
    return (at - number) % len(review.reviewers) < review.overlap


def _sheet(review: Review, name: str, rows: list[RecordRow]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a reviewer's page holds, and the entries of the key for it."""
    order = random.Random(f"review {review.seed} {name}").sample(rows, len(rows))
    records, entries = [], {}
    for number, row in enumerate(order, 1):
        id = f"r{number:04d}"
        records.append({"id": id, **shown_of(row)})
        entries[id] = {"id": str(row.get("id")), "content": content_of(row)}
    page = {
        "format": SHEET,
        "decisions": DECISIONS,
        "reviewer": name,
        "title": review.title,
        "local": any(map(_is_local, rows)),
        "reasons": [{"key": key, "name": words} for key, words in REASONS.items()],
        "records": records,
    }
    page["sheet"] = content_key({"page": page, "key": entries})[:12]
    return page, entries
