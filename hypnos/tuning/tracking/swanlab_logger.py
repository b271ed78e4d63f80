"""Logs a stage as a run at SwanLab: numbers, settings, tables, pictures, lineage and an end.

SwanLab's own logger for Lightning needs the package `lightning` beside `pytorch_lightning`, and has no tables.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.loggers.logger import rank_zero_experiment
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from hypnos.report.boards.swanlab import SwanlabMode, begin_run, check_swanlab, show_lineage, swanlab_table
from hypnos.report.lineage import Ingredient
from hypnos.tuning.tracking.stage_board import StageBoard


class StageSwanlabLogger(Logger, StageBoard):
    """Logs one stage. The key comes from SWANLAB_API_KEY or `swanlab login`.

    SwanLab has one axis a number and no artifacts: the step of the experiment is a number beside the others, and the
    lineage a table and a part of the run's settings.
    """

    def __init__(
        self,
        *,
        project: str,
        save_dir: str,
        job_type: str = "",
        group: str | None = None,
        name: str | None = None,
        workspace: str | None = None,
        mode: SwanlabMode = "offline",
    ) -> None:
        """Describe the run; it begins with the first thing logged.

        Args:
            project: the project's name.
            save_dir: SwanLab keeps its own files in `swanlog` below it.
            job_type: the stage.
            group: the experiment or the sweep.
            name: what differs from other runs.
            workspace: of the project; None for the user's own.
            mode: `offline` keeps everything in files for `swanlab sync`, `online` sends it, `disabled` does neither.

        Raises:
            UserError: the library is not installed, or there is no key for `online`.
        """
        super().__init__()
        check_swanlab(mode)
        self._asked = {"project": project, "save_dir": save_dir, "mode": mode}
        self._described: dict[str, Any] = {
            "job_type": job_type or None,
            "group": group,
            "name": name,
            "workspace": workspace,
        }
        self._run: Any = None

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run."""
        if self._run is None:
            self._run = begin_run(**self._asked, **self._described)
        return self._run

    @property
    def name(self) -> str:
        """The project's."""
        return self._asked["project"]

    @property
    def version(self) -> str | None:
        """The run's id."""
        return self._run.id if self._run is not None else None

    @property
    def save_dir(self) -> str:
        """Where its files lie."""
        return self._asked["save_dir"]

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.experiment.log(dict(metrics), step=step)

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        self.experiment.config.update(dict(params) if isinstance(params, Mapping) else vars(params))

    @rank_zero_only
    def show_table(self, name: str, *, head: Sequence[str], rows: Sequence[Sequence[Any]], step: int) -> None:
        self.experiment.log({name: swanlab_table(head, rows)}, step=step)

    @rank_zero_only
    def show_picture(self, name: str, file: Path) -> None:
        import swanlab

        self.experiment.log({name: swanlab.Image(str(file))}, step=0)

    @rank_zero_only
    def log_lineage(self, *, used: Iterable[Ingredient], model: Path) -> None:
        show_lineage(self.experiment, used=used, made=[Ingredient(kind="model", path=model)])

    @rank_zero_only
    def finish(self, *, failed: bool) -> None:
        if self._run is not None:
            self._run.finish(**({"state": "crashed", "error": "the stage failed"} if failed else {}))
