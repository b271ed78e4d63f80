"""Papers on anesthesia as running text: `text/chinaxiv_medical.jsonl`, in pieces that one row holds."""

import re
from collections.abc import Iterator
from pathlib import Path

from bench.study.pairs import Row, read_lines

PAPERS = "text/chinaxiv_medical.jsonl"

PIECE = 400
"""Characters of a piece at most, but for a sentence that is longer by itself."""


def read_papers(data: Path) -> Iterator[Row]:
    """Pieces in their order: `text`, `year`, and the paper's id as `paper`."""
    for row in read_lines(data / PAPERS):
        if row["anesthesia"]:
            year = int(row["id"].removeprefix("ChinaXiv-")[:4])  # the month of submission stands in it
            for number, text in enumerate(_pieces(row["text"])):
                yield {"id": f"{row['id']}-{number}", "text": text, "year": year, "paper": row["id"]}


def _pieces(text: str) -> Iterator[str]:
    """Whole sentences as long as they fit."""
    piece = ""
    for sentence in re.findall(r"[^。\n]+[。\n]*", text):
        if piece and len(piece) + len(sentence) > PIECE:
            yield piece.strip()
            piece = ""
        piece += sentence
    if piece.strip():
        yield piece.strip()
