"""A report at Weights & Biases, on request: tables, images, answers, and the files as an artifact."""

import logging
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypnos.report.grid import Grid
from hypnos.report.report import Report
from hypnos.report.results import Note, Results, TaskQuestions
from hypnos.report.wandb_artifacts import by_reference, model_artifact, use
from hypnos.report.wandb_run import started

log = logging.getLogger(__name__)

PREDICTIONS = "predictions"
"""Folder beside the report that holds every answer with its numbers."""


class WandbReport:
    """Publishes a report. The key comes from WANDB_API_KEY or `wandb login`; mode `offline` needs no network."""

    def __init__(
        self, *, project: str, save_dir: str, group: str | None = None, mode: str = "offline", answers: int = 200
    ) -> None:
        """Say where to.

        Args:
            project: the project's name.
            save_dir: where W&B keeps its own files.
            group: of the run.
            mode: `offline`, `online` or `disabled`.
            answers: of each model and task, at most this many are shown in a table.
        """
        self.project = project
        self.save_dir = save_dir
        self.group = group
        self.mode = mode
        self.answers = answers

    def publish(
        self, report: Report, *, results: Results, models: Mapping[str, Path] | None = None, name: str = "report"
    ) -> None:
        """Send tables, figures and files of a benchmark.

        Texts of questions and answers stay here where a task is hidden, and the page with them.

        Args:
            report: as written.
            results: what it was made from.
            models: folders of those that lie on this machine, by name.
            name: of the artifact.
        """
        config = {"models": list(results.models), "tasks": {task.name: task.version for task in results.tasks}}
        answers = {f"{PREDICTIONS}/{task.name}": answer_rows(results, task, self.answers) for task in results.tasks}
        with self._run("evaluate", self.group, name, config) as run:
            import wandb

            tables = {k: wandb.Table(columns=list(rows[0]), data=rows[1:]) for k, rows in answers.items() if rows[1:]}
            run.log({**shown(report), **tables})
            run.summary.update(headline_values(report, results))
            for folder in (models or {}).values():
                use(run, model_artifact(folder))
            _log_files(run, name, files_to_send(report, results))
            place = report.directory / PREDICTIONS
            if place.is_dir():
                run.log_artifact(by_reference(place, type="predictions", name=f"predictions-{name}"))

    def publish_sweep(self, report: Report, *, name: str, models: Mapping[str, Path]) -> None:
        """Send tables and figures of a sweep, and its threshold frontier as a chart.

        Args:
            report: as written.
            name: of the sweep: the group of its runs.
            models: the last model of each finished arm, by the arm's folder.
        """
        with self._run("sweep", self.group or name, f"report-{name}", {"sweep": name, "models": list(models)}) as run:
            run.log({**shown(report), **dict(frontier_chart(report))})
            run.summary.update(every_value(report))
            for folder in models.values():
                use(run, model_artifact(folder))
            texts = [report.directory / name for name in FILES]
            _log_files(run, f"sweep-{name}", [*texts, report.page, *(figure.path for figure in report.figures)])

    def _run(self, job: str, group: str | None, name: str, config: Mapping[str, Any]) -> Any:
        return started(
            project=self.project,
            save_dir=self.save_dir,
            mode=self.mode,
            job_type=job,
            group=group,
            name=name,
            config=config,
        )


FILES = ("report.md", "report.tex", "report.csv", "numbers.csv")

COLUMNS = ("model", "metric", "value", "low", "high", "n", "groups", "raters", "signature")

FRONTIER = "selection/frontier"
"""Key of the table that tells what a filter keeps."""


def shown(report: Report) -> dict[str, Any]:
    """Every table, note and figure, as W&B takes them."""
    import wandb

    tables = {grid.key: wandb.Table(columns=[*COLUMNS], data=grid_rows(grid)) for grid in report.grids}
    notes = {
        _key(note): wandb.Table(columns=list(note.head), data=[list(row) for row in note.rows])
        for note in report.notes
        if note.head
    }
    return {
        **tables,
        **notes,
        **{f"figures/{f.path.stem}": wandb.Image(str(f.path), caption=f.title) for f in report.figures},
    }


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


def every_value(report: Report) -> dict[str, float]:
    """All numbers by `table/column/arm`."""
    return {
        f"{grid.key}/{row[1]}/{row[0]}": row[2] for grid in report.grids for row in grid_rows(grid)
    }


def answer_rows(results: Results, task: TaskQuestions, most: int) -> list[list[Any]]:
    """The head of a table, then the first answers of each model with their numbers; none of a hidden task."""
    metrics = [metric.name for metric in task.metrics]
    rows: list[list[Any]] = [["model", "item", "question", "references", "answer", "choice", *metrics]]
    if task.hidden:
        return rows
    for model in results.models:
        found = results.of(model=model, task=task.name)
        if found is None:
            continue
        for at, question in enumerate(task.questions[:most]):
            choice = found.choices[at] if found.choices else None
            values = [found.scores[name][at] if name in found.scores else None for name in metrics]
            references = " / ".join(question.references)
            rows.append([model, question.id, question.question, references, found.texts[at], choice, *values])
    return rows


def frontier_chart(report: Report) -> Iterator[tuple[str, Any]]:
    """What is kept against what is learnt: a line for each kind of selection, so that the random control is one."""
    import wandb

    for grid in report.grids:
        if grid.key != FRONTIER:
            continue
        names = [column.name for column in grid.columns]
        rows = []
        for label, cells in grid.rows:
            values = [cell.value if cell else None for cell in cells]
            rows.append([selection_of(label), label, *values])
        table = wandb.Table(columns=["selection", "arm", *names], data=rows)
        title = "Threshold frontier: what is kept against what is learnt"
        yield "frontier", wandb.plot.line(table, "kept_share", names[-1], stroke="selection", title=title)


def selection_of(label: str) -> str:
    """An arm's label without its threshold."""
    parts = [part for part in label.split(", ") if not part.startswith("selection.threshold=")]
    return ", ".join(parts) or "selection"


def files_to_send(report: Report, results: Results) -> list[Path]:
    """The report's files, without the page where a task's texts may not leave the machine."""
    files = [report.directory / name for name in FILES]
    hidden = [task.name for task in results.tasks if task.hidden]
    if hidden:
        log.warning("W&B: the page stays here: texts of %s may not leave the machine", ", ".join(hidden))
    return [*files, *([] if hidden else [report.page]), *(figure.path for figure in report.figures)]


def _log_files(run: Any, name: str, files: list[Path]) -> None:
    import wandb

    artifact = wandb.Artifact(name, type="report")
    for file in files:
        artifact.add_file(str(file))
    run.log_artifact(artifact)


def _key(note: Note) -> str:
    return "notes/" + "".join(sign if sign.isalnum() else "_" for sign in note.title)
