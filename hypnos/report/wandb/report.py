"""A report at Weights & Biases, on request: tables, images, answers, and the files as an artifact."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypnos.report.report import Report
from hypnos.report.results import Results
from hypnos.report.wandb.artifacts import by_reference, model_artifact, use
from hypnos.report.wandb.run import started
from hypnos.report.wandb.tables import answer_rows, headline_values, shown

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
        with self.run("evaluate", self.group, ", ".join(results.models)[:120], config) as run:
            import wandb

            tables = {k: wandb.Table(columns=list(rows[0]), data=rows[1:]) for k, rows in answers.items() if rows[1:]}
            run.log({**shown(report), **tables})
            run.summary.update(headline_values(report, results))
            use_stages(run, models or {})
            log_files(run, name, files_to_send(report, results))
            place = report.directory / PREDICTIONS
            if place.is_dir():
                run.log_artifact(by_reference(place, type="predictions", name=f"predictions-{name}"))

    def run(self, job: str, group: str | None, name: str, config: Mapping[str, Any]) -> Any:
        """A run at W&B, begun; a context that ends it."""
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
        if (folder / "stage.json").is_file():  # one of ours, which a run of train.py made
            use(run, model_artifact(folder))


def log_files(run: Any, name: str, files: list[Path]) -> None:
    """Send files as one artifact."""
    import wandb

    artifact = wandb.Artifact(name, type="report")
    for file in files:
        artifact.add_file(str(file))
    run.log_artifact(artifact)
