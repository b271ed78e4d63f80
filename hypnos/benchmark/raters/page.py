"""Writes a rater's page: style, script and sheet in one file that needs no network."""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

_HERE = Path(__file__).parent


def write_page(file: Path, sheet: Mapping[str, Any]) -> None:
    """Write a rater's page.

    The page's security policy allows the one script and the one style that stand in it, by their hashes, and no
    address at all: a script within an answer could not run even if it were put into the page as markup.

    Args:
        file: the page, `.html`.
        sheet: what the page shows; see `make_sheets`.
    """
    style, script = ((_HERE / f"rating.{kind}").read_text("utf-8") for kind in ("css", "js"))
    # Within a script element only `<` can end it or open a comment; JSON may spell it as an escape.
    data = json.dumps(sheet, ensure_ascii=False).replace("<", "\\u003c")
    page = Template((_HERE / "rating.html").read_text("utf-8")).substitute(
        title=html.escape(f"{sheet['title']} - {sheet['rater']}"),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        sheet=data,
    )
    file.write_text(page, "utf-8", newline="\n")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
