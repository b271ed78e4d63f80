"""Sends a report to Weights & Biases: tables, images, answers, and the files as an artifact."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.artefacts.model_folder import STAGE
from hypnos.artefacts.ranges import Natural
from hypnos.report.report import Report
from hypnos.report.results import Results
from hypnos.report.wandb.artifacts import by_reference, model_artifact, use
from hypnos.report.wandb.run import WandbAccount
from hypnos.report.wandb.tables import answer_rows, headline_values, report_media

log = logging.getLogger(__name__)

FILES = ("report.md", "report.tex", "report.csv", "numbers.csv", "tests.csv")
"""Files of a report that hold no text of a question or an answer."""

PREDICTIONS = "predictions"
"""Folder beside the report that holds every answer with its numbers."""


@dataclass(kw_only=True)
class WandbReport(WandbAccount):
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
            name: of the artifact.
        """
        config = {"models": list(results.models), "tasks": {task.name: task.version for task in results.tasks}}
        answers = {f"{PREDICTIONS}/{task.name}": answer_rows(results, task, self.answers) for task in results.tasks}
        with self.run("evaluate", name=", ".join(results.models)[:120], config=config) as run:
            import wandb

            tables = {k: wandb.Table(columns=list(rows[0]), data=rows[1:]) for k, rows in answers.items() if rows[1:]}
            run.log({**report_media(report), **tables})
            run.summary.update(headline_values(report, results))
            use_stages(run, models or {})
            log_files(run, name, files_to_send(report, results))
            predictions = report.directory / PREDICTIONS
            if predictions.is_dir():
                run.log_artifact(by_reference(predictions, type="predictions", name=f"predictions-{name}"))


def files_to_send(report: Report, results: Results) -> list[Path]:
    """The report's files, without the page where a task's texts may not leave the machine."""
    files = [report.directory / name for name in FILES]
    hidden = [task.name for task in results.tasks if task.hidden]
    if hidden:
        log.warning("W&B: the page stays here: texts of %s may not leave the machine", ", ".join(hidden))
    return [*files, *([] if hidden else [report.page]), *(figure.path for figure in report.figures)]


def use_stages(run: Any, models: Mapping[str, Path]) -> None:
    """Note which stages of ours a run made use of."""
    for folder in dict.fromkeys(models.values()):
        if (folder / STAGE).is_file():  # one of ours, which a run of train.py made
            use(run, model_artifact(folder))


def log_files(run: Any, name: str, files: list[Path]) -> None:
    """Send files as one artifact."""
    import wandb

    artifact = wandb.Artifact(name, type="report")
    for file in files:
        artifact.add_file(str(file))
    run.log_artifact(artifact)
