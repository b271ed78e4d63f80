"""Reads scores for aspects out of CSV, and out of tables with an aspect in each column."""

import re
from collections.abc import Iterator, Mapping, Sequence

from hypnos.numerals import plain

_RULE = re.compile(r"[\s|:+=-]*[-=]{2,}[\s|:+=-]*")


def in_columns(text: str, names: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """Every row below a head that names all aspects, as text by key.

    Args:
        text: `coherence,harmfulness` over `8,0`, with commas, semicolons, tabs or bars between.
        names: by key, how an aspect may be called.
    """
    known = {plain(name).strip().lower(): key for key, several in names.items() for name in several}
    columns: dict[str, int] = {}
    width = 0
    for line in plain(text).splitlines():
        cells = _cells(line)
        if _RULE.fullmatch(line):
            continue
        keys = [known.get(re.sub(r"\s*\(.*?\)$", "", cell).lower(), "") for cell in cells]
        found = {key: number for number, key in enumerate(keys) if key}
        if len(found) == len(names):
            columns, width = found, len(cells)
        elif columns and len(cells) == width:
            yield {key: cells[number] for key, number in columns.items()}
        else:
            columns = {}


def _cells(line: str) -> list[str]:
    line = line.strip().strip("`")
    sign = next((sign for sign in ("|", "\t", ";", ",") if sign in line), None)
    if sign is None:
        return [line]
    return [cell.strip(" *\"'") for cell in (line.strip("|") if sign == "|" else line).split(sign)]
