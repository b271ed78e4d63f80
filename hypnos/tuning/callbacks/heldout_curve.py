"""Measures held-out text along the way: what a stage learns of one kind, and meanwhile forgets of another."""

import math
from functools import partial
from typing import Any

from lightning_fabric.utilities import move_data_to_device
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.trainer.states import TrainerFn

from hypnos.tuning.compute.loss import negative_log_likelihood, room_for_sums
from hypnos.tuning.tracking.tracking import Tracking

NO_ROW = -1
"""Index of packed rows whose loss mask is empty: every rank passes as many rows through the model."""


class HeldOutCurve(Callback):
    """Measures every held-out set of the run at each validation, its own stage's and the others'."""

    def __init__(self) -> None:
        self.tracking: Tracking | None = None

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Read from a `Tuning` what shows its stage, and the held-out sets with it."""
        self.tracking = pl_module.tracking

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Show bits per character of each set; what the finished stage achieves is measured apart."""
        if self.tracking is not None and self.tracking.loggers:
            self.measure(trainer, pl_module)

    def measure(self, trainer: Trainer, pl_module: Any) -> dict[str, float] | None:
        """Measure and show every set of which there is text; None where this is no validation within training."""
        if self.tracking is None or trainer.state.fn != TrainerFn.FITTING:
            return None
        sets = {name: data.held_out_rows for name, data in self.tracking.held_out.items()}
        with trainer.precision_plugin.forward_context():
            bits = {name: _bits_per_char(trainer, pl_module, rows) for name, rows in sets.items()}
        measured = {name: value for name, value in bits.items() if value is not None}
        self.tracking.along(measured, trainer.global_step)
        return measured


def _bits_per_char(trainer: Trainer, pl_module: Any, rows: Any) -> float | None:
    """Over all rows and ranks; None where nothing is held out."""
    if not len(rows):
        return None
    sums = room_for_sums(2, pl_module.device)
    world, rank = trainer.world_size, trainer.global_rank
    for turn in range(-(-len(rows) // world)):
        number = turn * world + rank
        row = move_data_to_device(rows[(number if number < len(rows) else NO_ROW, 0)], pl_module.device)
        sums[0] += pl_module(partial(negative_log_likelihood, batch=row))
        sums[1] += row["characters"]
    nats, characters = trainer.strategy.reduce(sums, reduce_op="sum").tolist()
    return float(nats / math.log(2) / max(characters, 1))
