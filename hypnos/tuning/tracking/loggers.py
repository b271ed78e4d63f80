"""Shows numbers on the experiment's axis, tables, pictures and settings in every kind of logger."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger, TensorBoardLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from hypnos.report.secrecy import without_secrets
from hypnos.report.wandb.run import AXIS
from hypnos.tuning.tracking.stage_board import StageBoard


@rank_zero_only
def show_across(loggers: Iterable[Logger], values: Mapping[str, float], *, step: int, offset: int) -> None:
    """Log numbers on one axis across stages.

    TensorBoard knows one axis, so that these numbers stand at the experiment's step there; elsewhere that step is a
    number beside them.

    Args:
        loggers: of the stage.
        values: by name.
        step: of the stage.
        offset: steps of the stages before it.
    """
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_metrics(dict(values), step=offset + step)
            continue
        if isinstance(logger, StageBoard):
            logger.share_axis(values)
        logger.log_metrics({**values, AXIS: offset + step}, step=step)


@rank_zero_only
def show_table(
    loggers: Iterable[Logger], name: str, *, head: Sequence[str], rows: Sequence[Sequence[Any]], step: int
) -> None:
    """Show a table where one can be shown; CSV holds numbers alone."""
    for logger in loggers:
        if isinstance(logger, StageBoard):
            logger.show_table(name, head=head, rows=rows, step=step)
        elif isinstance(logger, TensorBoardLogger):
            lines = [head, ["---"] * len(head), *rows]
            table = "\n".join("|" + "|".join(_cell(cell) for cell in line) + "|" for line in lines)
            logger.experiment.add_text(name, table, step)


@rank_zero_only
def show_picture(loggers: Iterable[Logger], name: str, file: Path) -> None:
    """Show a PNG."""
    for logger in loggers:
        if isinstance(logger, StageBoard):
            logger.show_picture(name, file)
        elif isinstance(logger, TensorBoardLogger):
            from matplotlib.image import imread

            logger.experiment.add_image(name, imread(file), 0, dataformats="HWC")


@rank_zero_only
def show_settings(loggers: Iterable[Logger], settings: Mapping[str, Any]) -> None:
    """Show the settings of a stage, without anything that is or looks like a key."""
    clean = without_secrets(dict(settings))
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_hyperparams(clean, {})  # no metrics: else it draws a curve of its own
        else:
            logger.log_hyperparams(clean)


def _cell(value: Any) -> str:
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", "<br>")
