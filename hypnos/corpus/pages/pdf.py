"""Reads the pages of a PDF as Markdown: headings, lists and tables stay what they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypnos.errors import UserError


def read_pdf(file: Path, encoding: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each page that has text: where it stands, and a row of `id`, `text`, `page` and `source`.

    Args:
        file: the PDF.
        encoding: of no meaning here.

    Raises:
        UserError: the reader is not installed, the file is no PDF or is locked, or no page has text.
    """
    try:
        import pymupdf
        import pymupdf4llm
    except ImportError as error:
        raise UserError(f"{file}: PDF needs pymupdf4llm: pip install 'hypnos-llm[documents]'") from error
    try:
        with pymupdf.open(file, filetype="pdf") as document:
            if document.needs_pass:
                raise UserError(f"{file}: locked with a password; save it without one")
            pages = document.page_count
            read = 0
            for number in range(pages):
                (page,) = pymupdf4llm.to_markdown(
                    document, pages=[number], page_chunks=True, show_progress=False, ignore_images=True
                )
                if text := str(page["text"]).strip():
                    read += 1
                    yield page_row(file, number + 1, text)
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError) as error:
        raise UserError(f"{file}: not a PDF that can be read: {str(error).splitlines()[0]}") from error
    if not read:
        raise UserError(f"{file}: no text on any of its {pages} pages: scanned pages need text recognition first")


def page_row(file: Path, page: int, text: str) -> tuple[str, dict[str, Any]]:
    """A page as a passage; its id is made of the file's name and the page."""
    return f"{file}: page {page}", {"id": f"{file.stem}-p{page}", "text": text, "page": page, "source": file.name}
