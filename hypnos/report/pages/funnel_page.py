"""Writes the funnel as one HTML page that needs nothing else: no script, no address, pictures within."""

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:right}"
    "td:first-child,th:first-child{text-align:left}img{max-width:100%}"
    "details{margin:.3rem 0}pre{white-space:pre-wrap;background:#f6f6f6;padding:.6rem}"
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """A record that a step removed; `text` is shown as it is."""

    step: str
    reason: str
    text: str


def write_funnel_page(
    path: Path, *, title: str, lead: str, tables: Sequence[Table], pictures: Sequence[Path], samples: Sequence[Sample]
) -> None:
    """Write the page."""
    parts = [f"<h1>{html.escape(title)}</h1><p>{html.escape(lead)}</p>"]
    parts += [_picture(picture) for picture in pictures]
    parts += [_table(table) for table in tables if table.rows]
    if samples:
        parts.append("<h2>What each step removed</h2>")
        parts += [_sample(sample) for sample in samples]
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
    head += f"<style>{STYLE}</style>"
    path.write_text(head + "\n".join(parts) + "\n", encoding="utf-8")


def _picture(path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{html.escape(path.stem)}" src="data:image/png;base64,{content}"></p>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n" for row in table.rows)
    return f"<h2>{html.escape(table.title)}</h2><table><tr>{head}</tr>\n{rows}</table>"


def _sample(sample: Sample) -> str:
    name = html.escape(f"{sample.step}: {sample.reason}")
    return f"<details><summary>{name}</summary><pre>{html.escape(sample.text)}</pre></details>"
