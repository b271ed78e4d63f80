"""Writes a page that people fill in: style, script and what is asked in one file that needs no network."""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

FRAME = Path(__file__).with_name("sheet.html")


def write_offline_page(file: Path, sheet: Mapping[str, Any], *, more: Path, title: str) -> None:
    """Write a page.

    The page's security policy allows the one script and the one style that stand in it, by their hashes, and no
    address at all: a script within a text could not run even if it were put into the page as markup.

    Args:
        file: the page, `.html`.
        sheet: what the page's script reads, as JSON can hold it.
        more: what this kind of page has besides the frame `sheet.html`: markup; beside it lie `.css` and `.js` of its
            name, which come after `sheet.css` and `sheet.js`.
        title: of the window.
    """
    style, script = (_joined(kind, FRAME, more) for kind in (".css", ".js"))
    # Within a script element only `<` can end it or open a comment; JSON may spell it as an escape.
    data = json.dumps(sheet, ensure_ascii=False).replace("<", "\\u003c")
    page = Template(FRAME.read_text("utf-8")).substitute(
        more=more.read_text("utf-8").strip(),
        title=html.escape(title),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        sheet=data,
    )
    file.write_text(page, "utf-8", newline="\n")


def _joined(kind: str, *pages: Path) -> str:
    return "\n".join(page.with_suffix(kind).read_text("utf-8") for page in pages)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
