"""Reads a Word document (DOCX): paragraphs and tables in their order, page by page.

The file itself knows no pages. Word notes where they broke when it last laid the text out; other programs write only
the breaks that were asked for, and where there are none, all is page 1.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypnos.corpus.pages.pdf import page_row
from hypnos.errors import UserError


def read_word(file: Path, encoding: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each page that has text, as `read_pdf` does; tables as Markdown.

    Args:
        file: the document.
        encoding: of no meaning here.

    Raises:
        UserError: the reader is not installed, or the file is no DOCX.
    """
    try:
        import docx
    except ImportError as error:
        raise UserError(f"{file}: DOCX needs python-docx: pip install -e '.[documents]'") from error
    from docx.oxml.ns import qn
    from docx.table import Table

    try:
        document = docx.Document(str(file))
    except Exception as error:  # of zip, of XML, of the library: without a common type
        raise UserError(f"{file}: not a DOCX that can be read: {str(error).splitlines()[0]}") from error
    page, lines = 1, list[str]()
    noted = any(True for _ in document.element.body.iter(qn("w:lastRenderedPageBreak")))
    for block in document.iter_inner_content():
        for at, piece in enumerate([_table(block)] if isinstance(block, Table) else _split(block, noted)):
            if at:  # a page ended within this paragraph
                if text := "\n".join(lines).strip():
                    yield page_row(file, page, text)
                page, lines = page + 1, []
            lines.append(piece)
    if text := "\n".join(lines).strip():
        yield page_row(file, page, text)


def _split(paragraph: Any, noted: bool) -> list[str]:
    """A paragraph's text, cut where pages break; a heading has its signs."""
    from docx.oxml.ns import qn

    pieces = [""]
    for node in paragraph._p.iter(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:lastRenderedPageBreak")):
        asked = node.tag == qn("w:br") and node.get(qn("w:type")) == "page"
        if node.tag == qn("w:lastRenderedPageBreak") or (asked and not noted):
            pieces.append("")
        elif not asked:
            pieces[-1] += (node.text or "") if node.tag == qn("w:t") else " "
    style = str(paragraph.style.name) if paragraph.style is not None else ""
    level = style.removeprefix("Heading ")
    if level != style and level.isdigit() and pieces[-1].strip():
        pieces[-1] = f"{'#' * int(level)} {pieces[-1].strip()}"
    return pieces


def _table(table: Any) -> str:
    """A table as Markdown; a merged cell stands in its first place."""
    rows = []
    for row in table.rows:
        cells, seen = [], set()
        for cell in row.cells:
            text = " ".join(cell.text.split()).replace("|", "\\|")
            cells.append("" if id(cell._tc) in seen else text)
            seen.add(id(cell._tc))
        rows.append(f"| {' | '.join(cells)} |")
    if rows:
        rows.insert(1, "|" + "---|" * len(table.columns))
    return "\n" + "\n".join(rows) + "\n"
