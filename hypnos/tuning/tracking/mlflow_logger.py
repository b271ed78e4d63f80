"""Logs a stage as a run of MLflow: Lightning's logger, with tables, pictures and lineage as its artifacts."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import MLFlowLogger
from pytorch_lightning.loggers.logger import rank_zero_experiment
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from hypnos.report.boards.mlflow import check_mlflow, keep_lineage, keep_table, run_tags, store_address
from hypnos.report.lineage import Ingredient
from hypnos.tuning.tracking.stage_board import StageBoard

_ADDRESS = "MLFLOW_TRACKING_URI"


class StageMlflowLogger(MLFlowLogger, StageBoard):
    """Logs one stage; experiment and stage are tags, as MLflow has neither groups nor kinds of runs."""

    def __init__(
        self,
        *,
        project: str,
        save_dir: str,
        job_type: str = "",
        group: str | None = None,
        name: str | None = None,
        address: str | None = None,
    ) -> None:
        """Describe the run; it begins with the first thing logged.

        Args:
            project: MLflow's experiment.
            save_dir: files lie in `mlruns` below it where there is no server.
            job_type: the stage.
            group: the experiment or the sweep.
            name: what differs from other runs.
            address: of a server, or another store that MLflow knows; None for files.

        Raises:
            UserError: the library is not installed.
        """
        check_mlflow()
        super().__init__(
            experiment_name=project,
            run_name=name,
            tracking_uri=store_address(address, save_dir),
            tags=run_tags(job_type=job_type, group=group),
        )

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """MLflow's client, with a run that has begun.

        Beginning one writes its address into MLFLOW_TRACKING_URI, where the next arm of a sweep would take it for what
        the user said, and log into this one's folder.
        """
        said = os.environ.get(_ADDRESS)
        try:
            return super().experiment
        finally:
            os.environ.pop(_ADDRESS, None)
            if said is not None:
                os.environ[_ADDRESS] = said

    @rank_zero_only
    def show_table(self, name: str, *, head: Sequence[str], rows: Sequence[Sequence[Any]], step: int) -> None:
        keep_table(self.experiment, str(self.run_id), name, head=head, rows=rows)

    @rank_zero_only
    def show_picture(self, name: str, file: Path) -> None:
        self.experiment.log_artifact(self.run_id, str(file), "pictures")

    @rank_zero_only
    def log_lineage(self, *, used: Iterable[Ingredient], model: Path) -> None:
        keep_lineage(self.experiment, str(self.run_id), used=used, made=[Ingredient(kind="model", path=model)])

    @rank_zero_only
    def finish(self, *, failed: bool) -> None:
        if self._initialized:
            self.experiment.set_terminated(self.run_id, "FAILED" if failed else "FINISHED")
