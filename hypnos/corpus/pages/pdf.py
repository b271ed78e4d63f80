"""Reads the pages of a PDF: text in reading order, tables as Markdown where they stand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypnos.errors import UserError

LOST = ("\0", "\ufffd")
"""What stands for a sign that the file draws and does not name."""


def read_pdf(file: Path, encoding: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yields each page that has text: where it stands, and a row of `id`, `text`, `page` and `source`.

    In the place of the row stands why there is none where signs of the page are lost: a word without one of its signs
    may be another drug or another dose.

    Args:
        file: the PDF.
        encoding: of no meaning here.

    Raises:
        UserError: the reader is not installed, the file is no PDF or is locked, or no page has text.
    """
    try:
        import pymupdf
    except ImportError as error:
        raise UserError(f"{file}: PDF needs pymupdf: pip install -e '.[documents]'") from error
    pymupdf.TOOLS.mupdf_display_errors(False)  # the lines below say it
    pymupdf.no_recommend_layout()
    try:
        with pymupdf.open(file, filetype="pdf") as document:
            if document.needs_pass:
                raise UserError(f"{file}: locked with a password; save it without one")
            pages, read = document.page_count, 0
            for number, page in enumerate(document, 1):
                if text := _text(page):
                    read += 1
                    lost = sum(map(text.count, LOST))
                    yield (f"{file}: page {number}", lost_signs(lost)) if lost else page_row(file, number, text)
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError) as error:
        raise UserError(f"{file}: not a PDF that can be read: {str(error).splitlines()[0]}") from error
    if not read:
        raise UserError(f"{file}: no text on any of its {pages} pages: scanned pages need text recognition first")


def lost_signs(count: int) -> str:
    """Why a page is not read."""
    return f"{count} signs of the page are drawn and not named in the file: another PDF of it, or text recognition"


def page_row(file: Path, page: int, text: str) -> tuple[str, dict[str, Any]]:
    """A page as a passage; its id is made of the file's name and the page."""
    return f"{file}: page {page}", {"id": f"{file.stem}-p{page}", "text": text, "page": page, "source": file.name}


def _text(page: Any) -> str:
    """Blocks of text and tables from top to bottom; what stands in a table is not said twice."""
    tables = list(page.find_tables())
    parts = [(table.bbox[1], table.bbox[0], table.to_markdown().strip()) for table in tables]
    for left, top, right, bottom, text, _, kind in page.get_text("blocks", sort=True):
        middle = (left + right) / 2, (top + bottom) / 2
        if kind == 0 and not any(_holds(table.bbox, middle) for table in tables):
            parts.append((top, left, "\n".join(line.strip() for line in text.splitlines())))
    return "\n\n".join(text for _, _, text in sorted(parts, key=lambda part: part[:2]) if text.strip())


def _holds(box: tuple[float, float, float, float], point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
