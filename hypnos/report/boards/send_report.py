"""Sends a report to a board: tables, pictures, answers, and the files."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hypnos.artefacts.model_folder import STAGE
from hypnos.artefacts.ranges import Natural
from hypnos.report.boards.board import Account, Picture, Rows
from hypnos.report.boards.tables import answer_rows, headline_values, report_tables
from hypnos.report.lineage import Ingredient
from hypnos.report.report import Report
from hypnos.report.results import Results

log = logging.getLogger(__name__)

FILES = ("report.md", "report.tex", "report.csv", "numbers.csv", "tests.csv")
"""Files of a report that hold no text of a question or an answer."""

PREDICTIONS = "predictions"
"""Folder beside the report that holds every answer with its numbers."""


@dataclass(kw_only=True)
class ReportAccount(Account):
    """Publishes a report.

    Attributes:
        answers: of each model and task, at most this many are shown in a table.
    """

    answers: Natural = 200

    def publish(
        self, report: Report, *, results: Results, models: Mapping[str, Path] | None = None, name: str = "report"
    ) -> None:
        """Send tables, figures and files of a benchmark.

        Texts of questions and answers stay here where a task is hidden, and the page with them.

        Args:
            report: as written.
            results: what it was made from.
            models: folders of those that lie on this machine, by name.
            name: of the files together.
        """
        config = {"models": list(results.models), "tasks": {task.name: task.version for task in results.tasks}}
        answers: dict[str, Rows] = {
            f"{PREDICTIONS}/{task.name}": answer_rows(results, task, self.answers) for task in results.tasks
        }
        shown = {title: rows for title, rows in answers.items() if rows[1:]}
        predictions = report.directory / PREDICTIONS
        made = [Ingredient(kind="predictions", path=predictions, called=f"predictions-{name}")]
        with self.board("evaluate", name=", ".join(results.models)[:120], config=config) as board:
            board.show(tables={**report_tables(report), **shown}, pictures=report_pictures(report))
            board.summarise(headline_values(report, results))
            board.keep(name, files_to_send(report, results), kind="report")
            board.trace(used=stages_among(models or {}), made=made if predictions.is_dir() else [])


def report_pictures(report: Report) -> dict[str, Picture]:
    """Every figure by name."""
    return {f"figures/{figure.path.stem}": (figure.path, figure.title) for figure in report.figures}


def files_to_send(report: Report, results: Results) -> list[Path]:
    """The report's files, without the page where a task's texts may not leave the machine."""
    files = [report.directory / name for name in FILES]
    hidden = [task.name for task in results.tasks if task.hidden]
    if hidden:
        log.warning("publish: the page stays here: texts of %s may not leave the machine", ", ".join(hidden))
    return [*files, *([] if hidden else [report.page]), *(figure.path for figure in report.figures)]


def stages_among(models: Mapping[str, Path]) -> Iterator[Ingredient]:
    """Those models that a run of train.py made."""
    for folder in dict.fromkeys(models.values()):
        if (folder / STAGE).is_file():
            yield Ingredient(kind="model", path=folder)
