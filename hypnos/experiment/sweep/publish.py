"""Sends a sweep's report to a board: its tables and figures, and the threshold frontier as a chart."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from hypnos.experiment.sweep.tables import FRONTIER, SPECIFIC_BITS, selection_kind
from hypnos.report.boards.board import Account, Rows
from hypnos.report.boards.send_report import FILES, report_pictures, stages_among
from hypnos.report.boards.tables import every_value, report_tables
from hypnos.report.report import Report

FRONTIER_CHART = "frontier"
"""Name that the chart is logged under."""

FRONTIER_FIELDS = {"x": "kept_share", "y": SPECIFIC_BITS, "stroke": "selection"}
"""Columns of the chart's table; the dashboard draws it by them too."""


FRONTIER_TITLE = "Threshold frontier: what is kept against what is learnt"


def publish_sweep(account: Account, report: Report, *, name: str, models: Mapping[str, Path]) -> None:
    """Send tables and figures of a sweep, and its threshold frontier as a chart.

    Args:
        account: where to.
        report: as written.
        name: of the sweep, which is the group of its runs.
        models: the last model of each finished arm, by the arm's folder.
    """
    config = {"sweep": name, "models": list(models)}
    texts = [report.directory / file for file in FILES]
    with account.board("sweep", name=f"report-{name}", group=name, config=config) as board:
        board.show(tables=report_tables(report), pictures=report_pictures(report))
        for rows in frontier_rows(report):
            board.chart(FRONTIER_CHART, rows, fields=FRONTIER_FIELDS, title=FRONTIER_TITLE)
        board.summarise(every_value(report))
        board.keep(f"sweep-{name}", [*texts, report.page, *(figure.path for figure in report.figures)], kind="report")
        board.trace(used=stages_among(models), made=())


def frontier_rows(report: Report) -> Iterator[Rows]:
    """Yields the table of what is kept against what is learnt; the random control is a line of its own."""
    for grid in report.grids:
        if grid.key == FRONTIER:
            names = [column.name for column in grid.columns]
            rows = [
                [selection_kind(label), label, *(cell.value if cell else None for cell in cells)]
                for label, cells in grid.rows
            ]
            yield [["selection", "arm", *names], *rows]
