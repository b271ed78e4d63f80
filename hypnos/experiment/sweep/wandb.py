"""Sends a sweep's report to Weights & Biases: its tables and figures, and the threshold frontier as a chart."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypnos.experiment.sweep.tables import FRONTIER, SPECIFIC_BITS, selection_kind
from hypnos.report.report import Report
from hypnos.report.wandb.report import FILES, log_files, use_stages
from hypnos.report.wandb.run import WandbAccount
from hypnos.report.wandb.tables import every_value, report_media

FRONTIER_CHART = "frontier"
"""Name that the chart is logged under."""

FRONTIER_FIELDS = {"x": "kept_share", "y": SPECIFIC_BITS, "stroke": "selection"}
"""Columns of the chart's table; the dashboard draws it by them too."""


def publish_sweep(account: WandbAccount, report: Report, *, name: str, models: Mapping[str, Path]) -> None:
    """Send tables and figures of a sweep, and its threshold frontier as a chart.

    Args:
        account: where to.
        report: as written.
        name: of the sweep, which is the group of its runs.
        models: the last model of each finished arm, by the arm's folder.
    """
    config = {"sweep": name, "models": list(models)}
    with account.run("sweep", name=f"report-{name}", group=name, config=config) as run:
        run.log({**report_media(report), **dict(frontier_chart(report))})
        run.summary.update(every_value(report))
        use_stages(run, models)
        texts = [report.directory / file for file in FILES]
        log_files(run, f"sweep-{name}", [*texts, report.page, *(figure.path for figure in report.figures)])


def frontier_chart(report: Report) -> Iterator[tuple[str, Any]]:
    """Yields the chart of what is kept against what is learnt; the random control is a line of its own."""
    import wandb

    for grid in report.grids:
        if grid.key != FRONTIER:
            continue
        names = [column.name for column in grid.columns]
        rows = []
        for label, cells in grid.rows:
            values = [cell.value if cell else None for cell in cells]
            rows.append([selection_kind(label), label, *values])
        table = wandb.Table(columns=["selection", "arm", *names], data=rows)
        title = "Threshold frontier: what is kept against what is learnt"
        yield FRONTIER_CHART, wandb.plot.line(table, **FRONTIER_FIELDS, title=title)  # type: ignore[arg-type]
