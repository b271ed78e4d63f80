"""Logs a stage as a run at Weights & Biases: Lightning's logger, and what it leaves out: lineage, and an end."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import WandbLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from hypnos.artefacts.ranges import WandbMode
from hypnos.report.lineage import Ingredient
from hypnos.report.wandb.artifacts import model_artifact, to_artifact, use
from hypnos.report.wandb.reach import reachable_mode
from hypnos.report.wandb.run import AXIS, CONSOLE, INIT_SECONDS, check_mode
from hypnos.tuning.distributed.ranks import is_first_rank
from hypnos.tuning.tracking.stage_board import StageBoard

log = logging.getLogger(__name__)


class StageWandbLogger(WandbLogger, StageBoard):
    """Logs one stage. The key comes from WANDB_API_KEY or `wandb login`."""

    def __init__(
        self,
        *,
        project: str,
        save_dir: str,
        job_type: str = "",
        group: str | None = None,
        name: str | None = None,
        mode: WandbMode = "offline",
        upload_models: bool = False,
    ) -> None:
        """Describe the run; it begins with the first thing logged.

        Args:
            project: the project's name.
            save_dir: where W&B keeps its own files.
            job_type: the stage.
            group: the experiment or the sweep.
            name: what differs from other runs.
            mode: `offline`, `online` or `disabled`.
            upload_models: send the weights too, and not only where they lie.

        Raises:
            UserError: the mode is unknown, or there is no key for `online`. Where W&B cannot be reached, the run is
                kept in files instead, with a warning.
        """
        check_mode(mode)
        import wandb

        settings = wandb.Settings(console=CONSOLE, quiet=True, init_timeout=INIT_SECONDS)
        account: dict[str, Any] = {
            "project": project,
            "group": group,
            "job_type": job_type,
            "mode": reachable_mode(mode),
        }
        super().__init__(name=name, save_dir=save_dir, settings=settings, **account)
        self.upload_models = upload_models
        self._begun = False

    @property
    def experiment(self) -> Any:
        """The run; W&B would take another folder where this one is not there yet."""
        if not self._begun and is_first_rank():
            Path(str(self.save_dir)).mkdir(parents=True, exist_ok=True)
        try:
            run = super().experiment
        except Exception as error:  # wandb's own, and those of what lies below it
            if self._wandb_init.get("mode") != "online":
                raise
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            log.warning("W&B: no run can begin (%s): this one is kept in files; `wandb sync` sends them", reason)
            self._wandb_init["mode"] = "offline"
            run = super().experiment
        self._begun = True
        return run

    @rank_zero_only
    def show_table(self, name: str, *, head: Sequence[str], rows: Sequence[Sequence[Any]], step: int) -> None:
        self.log_table(name, columns=list(head), data=[list(row) for row in rows], step=step)

    @rank_zero_only
    def show_picture(self, name: str, file: Path) -> None:
        self.log_image(name, [str(file)], step=0)

    @rank_zero_only
    def share_axis(self, names: Iterable[str]) -> None:
        self.experiment.define_metric(AXIS)
        for name in names:
            self.experiment.define_metric(name, step_metric=AXIS)

    @rank_zero_only
    def log_lineage(self, *, used: Iterable[Ingredient], model: Path) -> None:
        run = self.experiment
        for one in used:
            use(run, to_artifact(one))
        run.log_artifact(model_artifact(model, upload=self.upload_models))

    @rank_zero_only
    def finish(self, *, failed: bool) -> None:
        if self._begun:
            self.experiment.finish(exit_code=int(failed))
