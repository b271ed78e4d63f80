"""Lays tables out as Markdown."""

from collections.abc import Iterable

from hypnos.report.results import Note
from hypnos.report.tables.table import Grid


def markdown_grid(grid: Grid) -> str:
    """A table of numbers, the best of each column in bold, with n and signatures below it."""
    best = [grid.best(number) for number in range(len(grid.columns))]
    lines = [_row([grid.corner, *(escape(column.title) for column in grid.columns)])]
    lines.append(_row(["---", *["---:"] * len(grid.columns)]))
    for label, cells in grid.rows:
        texts = []
        for column, cell, winners in zip(grid.columns, cells, best):
            if cell is None:
                texts.append("–")
                continue
            value = column.write(cell.value)
            interval = column.write_interval(cell)
            texts.append(" ".join(filter(None, [f"**{value}**" if label in winners else value, interval])))
        lines.append(_row([escape(label), *texts]))
    below = [f"{grid.counts()}.", *filter(None, [grid.note])]
    signatures = [f"- {names}: `{signature}`" for names, signature in grid.signatures()]
    return "\n".join([f"### {grid.title}", "", *lines, "", " ".join(below), "", *signatures, ""])


def markdown_note(note: Note) -> str:
    """A finished table."""
    lines = [_row(map(escape, note.head)), _row(["---"] * len(note.head)), *(_row(map(escape, r)) for r in note.rows)]
    table = lines if note.head else []
    return "\n".join(
        [f"### {note.title}", "", *table, "", *([note.text.replace("\n", "\n\n"), ""] if note.text else [])]
    )


def escape(text: str) -> str:
    """Text that cannot break out of its cell, nor be read as a tag."""
    for sign in ("\\", "|", "*", "_", "`", "[", "]"):
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
