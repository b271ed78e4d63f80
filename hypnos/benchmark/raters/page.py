"""Writes a rater's page: style, script and sheet in one file that needs no network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypnos.report.pages.offline_page import write_offline_page

_MORE = Path(__file__).with_name("rating.html")


def write_page(file: Path, sheet: Mapping[str, Any]) -> None:
    """Write a rater's page.

    Args:
        file: the page, `.html`.
        sheet: what the page shows; see `make_sheets`.
    """
    write_offline_page(file, sheet, more=_MORE, title=f"{sheet['title']} - {sheet['rater']}")
