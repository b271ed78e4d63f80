"""The report at Weights & Biases, on request: tables, images, and the files as an artifact."""

import logging
import math
from pathlib import Path
from typing import Any

from hypnos.report.grid import Grid
from hypnos.report.report import Report
from hypnos.report.results import Note, Results

log = logging.getLogger(__name__)


class WandbReport:
    """Publishes a report. The key comes from WANDB_API_KEY or `wandb login`; WANDB_MODE=offline needs no network."""

    def __init__(self, *, project: str, save_dir: str, group: str | None = None) -> None:
        """Say where to.

        Args:
            project: the project's name.
            save_dir: where W&B keeps its own files.
            group: of the run.
        """
        self.project = project
        self.save_dir = save_dir
        self.group = group

    def publish(self, report: Report, *, results: Results, name: str = "report") -> None:
        """Send tables, figures and files.

        The page holds texts of questions and answers: it stays here if one of the tasks is hidden.

        Args:
            report: as written.
            results: what it was made from.
            name: of the artifact.
        """
        import wandb

        Path(self.save_dir).mkdir(parents=True, exist_ok=True)
        run = wandb.init(
            project=self.project,
            group=self.group,
            dir=self.save_dir,
            job_type="evaluate",
            config={"models": list(results.models), "tasks": {task.name: task.version for task in results.tasks}},
        )
        try:
            tables = {grid.key: wandb.Table(columns=[*COLUMNS], data=grid_rows(grid)) for grid in report.grids}
            tables |= {
                _key(note): wandb.Table(columns=list(note.head), data=[list(row) for row in note.rows])
                for note in report.notes
                if note.head
            }
            images = {f"figures/{f.path.stem}": wandb.Image(str(f.path), caption=f.title) for f in report.figures}
            run.log({**tables, **images})
            run.summary.update(headline_values(report, results))
            artifact = wandb.Artifact(name, type="report")
            for file in files_to_send(report, results):
                artifact.add_file(str(file))
            run.log_artifact(artifact)
        finally:
            run.finish()


COLUMNS = ("model", "metric", "value", "low", "high", "n", "groups", "raters", "signature")


def grid_rows(grid: Grid) -> list[list[Any]]:
    """One row for each number, as `COLUMNS` names its cells."""
    rows = []
    for label, cells in grid.rows:
        for column, cell in zip(grid.columns, cells):
            if cell is not None:
                ends = [None if math.isnan(end) else end for end in (cell.low, cell.high)]
                sizes = [cell.n, cell.groups, cell.raters]
                rows.append([label, column.name, cell.value, *ends, *sizes, column.signature])
    return rows


def headline_values(report: Report, results: Results) -> dict[str, float]:
    """The headline metrics by `task/metric/model`."""
    headline = {f"{task.name}/{m.name}" for task in results.tasks for m in task.metrics if m.headline}
    return {
        f"{grid.key.split('/')[0]}/{column.name}/{label}": cell.value
        for grid in report.grids
        for label, cells in grid.rows
        for column, cell in zip(grid.columns, cells)
        if cell is not None and f"{grid.key.split('/')[0]}/{column.name}" in headline
    }


def files_to_send(report: Report, results: Results) -> list[Path]:
    """The report's files, without the page where a task's texts may not leave the machine."""
    files = [report.directory / name for name in ("report.md", "report.tex", "report.csv", "numbers.csv")]
    hidden = [task.name for task in results.tasks if task.hidden]
    if hidden:
        log.warning("W&B: the page stays here: texts of %s may not leave the machine", ", ".join(hidden))
    return [*files, *([] if hidden else [report.page]), *(figure.path for figure in report.figures)]


def _key(note: Note) -> str:
    return "notes/" + "".join(sign if sign.isalnum() else "_" for sign in note.title)
