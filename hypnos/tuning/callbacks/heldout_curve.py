"""Held-out text along the way: what a stage learns of one kind, and meanwhile forgets of another."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from lightning_fabric.utilities import move_data_to_device
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.trainer.states import TrainerFn

from hypnos.tuning.compute.loss import room_for_sums

NO_ROW = -1
"""Asked of packed rows, gives one without anything learnt: every rank passes as many rows through the model."""


class HeldOutCurve(Callback):
    """Measures every held-out set of the run at each validation, its own stage's and the others'."""

    def __init__(self) -> None:
        self.sets: Mapping[str, Any] = {}
        self.tell: Callable[[Mapping[str, float], int], None] | None = None

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Tell bits per character of each set; what the finished stage achieves is measured apart."""
        if self.tell is None or trainer.state.fn != TrainerFn.FITTING:
            return
        with trainer.precision_plugin.forward_context():
            bits = {name: _bits_per_char(trainer, pl_module, data.held_out_rows) for name, data in self.sets.items()}
        self.tell({name: value for name, value in bits.items() if value is not None}, trainer.global_step)


def _bits_per_char(trainer: Trainer, pl_module: Any, rows: Any) -> float | None:
    """Over all rows and ranks; None where nothing is held out."""
    if not len(rows):
        return None
    sums = room_for_sums(2, pl_module.device)
    world, rank = trainer.world_size, trainer.global_rank
    for turn in range(-(-len(rows) // world)):
        at = turn * world + rank
        row = move_data_to_device(rows[(at if at < len(rows) else NO_ROW, 0)], pl_module.device)
        sums[0] += pl_module.nats(row)
        sums[1] += row["characters"]
    nats, characters = trainer.strategy.reduce(sums, reduce_op="sum").tolist()
    return float(nats / math.log(2) / max(characters, 1))
