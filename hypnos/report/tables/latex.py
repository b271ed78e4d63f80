"""Lays tables out as LaTeX with booktabs."""

from collections.abc import Iterable, Sequence

from hypnos.report.results import Note
from hypnos.report.statistics.intervals import Interval
from hypnos.report.tables.table import ARROWS, Column, Grid

HEAD = "% Needs \\usepackage{booktabs,graphicx}; Chinese names also need XeLaTeX with \\usepackage{xeCJK}.\n"
_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "–": "--", "−": "$-$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "|": r"\textbar{}",
}  # fmt: skip


def latex_grid(grid: Grid) -> str:
    """A table of numbers as a `table` no wider than the text, the best of each column in bold."""
    best = [grid.best(number) for number in range(len(grid.columns))]
    rows = []
    for label, cells in grid.rows:
        texts = [_cell(column, cell, bold=label in winners) for column, cell, winners in zip(grid.columns, cells, best)]
        rows.append([escape(label), *texts])
    head = [escape(grid.corner), *(_title(column) for column in grid.columns)]
    signatures = [rf"{escape(names)}: {escape(signature)}." for names, signature in grid.signatures()]
    below = " ".join([escape(grid.counts()) + ".", *map(escape, filter(None, [grid.note])), *signatures])
    return _table(grid.title, grid.key, "l" + "r" * len(grid.columns), head, rows, below)


def latex_note(note: Note, key: str) -> str:
    """A finished table."""
    rows = [list(map(escape, row)) for row in note.rows]
    return _table(note.title, key, "l" * len(note.head), list(map(escape, note.head)), rows, escape(note.text))


def escape(text: str) -> str:
    """Text with every sign that LaTeX reads as a command made harmless."""
    return "".join(_SIGNS.get(sign, sign) for sign in " ".join(text.split()))


def _title(column: Column) -> str:
    return " ".join(filter(None, [escape(column.shown), escape(ARROWS[column.better])]))


def _cell(column: Column, cell: Interval | None, *, bold: bool) -> str:
    if cell is None:
        return "--"
    value = escape(column.write(cell.value))
    interval = column.write_interval(cell)
    return (rf"\textbf{{{value}}}" if bold else value) + (rf" {{\scriptsize {escape(interval)}}}" if interval else "")


def _table(title: str, key: str, columns: str, head: Sequence[str], rows: Iterable[Sequence[str]], below: str) -> str:
    # A bracket or a star at the head of a line would be read as an argument of the `\\` before it.
    lines = (" & ".join(row) for row in rows)
    body = "\n".join(
        "    " + (f"{{{line[0]}}}{line[1:]}" if line.startswith(("[", "*")) else line) + r" \\" for line in lines
    )
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"  \centering",
            rf"  \caption{{{escape(title)}}}",
            rf"  \label{{tab:{''.join(sign if sign.isalnum() else '-' for sign in key)}}}",
            r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"  \begin{{tabular}}{{@{{}}{columns}@{{}}}}",
            r"    \toprule",
            "    " + " & ".join(head) + r" \\",
            r"    \midrule",
            body,
            r"    \bottomrule",
            r"  \end{tabular}}",
            rf"  \par\smallskip\parbox{{\linewidth}}{{\footnotesize {below}}}" if below else "%",
            r"\end{table}",
            "",
        ]
    )
