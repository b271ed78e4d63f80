"""Checks what a checkpoint holds before a stage goes on from it, and counts where in its epochs training stands."""

import logging
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hypnos.errors import UserError

log = logging.getLogger(__name__)

MADE_WITH = "hypnos_made_with"
"""Under this name a checkpoint holds the commit and the versions of the code that wrote it."""


def progress_at(step: int, *, steps_per_epoch: int, micro_batches: int) -> dict[str, Any]:
    """The counters of Lightning's loops at the end of an optimizer step, as an unbroken run would have them.

    Their names are those that Lightning 2.6.6 writes; `test_resume.py` compares them with what it writes itself.

    Those that Lightning saves itself are wrong from the second time on that a stage goes on after an epoch's edge,
    and they count micro-batches, whose number in a step is another on another number of devices.

    Args:
        step: optimizer steps done, at least one.
        steps_per_epoch: of the optimizer.
        micro_batches: of a step, on each device; the last step of an epoch may have fewer, and counts as whole.
    """
    epoch, before = divmod(step - 1, steps_per_epoch)
    within = before + 1
    ready, done = {"ready": within, "completed": within}, {"ready": step, "completed": step}
    started = ({**done, "started": step}, {**ready, "started": within})
    passes = {"ready": epoch + 1, "started": epoch + 1, "processed": epoch, "completed": epoch}
    return {
        "epoch_loop.state_dict": {"_batches_that_stepped": step - 1},
        "epoch_loop.batch_progress": {
            "total": _last_not_completed(step * micro_batches),
            "current": _last_not_completed(within * micro_batches),
            "is_last_batch": within == steps_per_epoch,
        },
        "epoch_loop.scheduler_progress": {"total": done, "current": ready},
        "epoch_loop.automatic_optimization.optim_progress": {
            "optimizer": {
                "step": {"total": done, "current": ready},
                "zero_grad": dict(zip(("total", "current"), started, strict=True)),
            }
        },
        "epoch_progress": {"total": passes, "current": passes},
    }


def _last_not_completed(batches: int) -> dict[str, int]:
    """A checkpoint is written before the batch it is written after counts as completed."""
    return {"ready": batches, "started": batches, "processed": batches, "completed": batches - 1}


def check_weights(written: Mapping[str, Tensor], trained: Mapping[str, Tensor], *, file: Any) -> None:
    """Compare a checkpoint's weights with those that are trained; what lacks would start anew without a word.

    Raises:
        UserError: other code wrote it: a name or a shape is another.
    """
    for name in sorted(written.keys() ^ trained.keys()):
        known, lacks = ("the model", "the checkpoint") if name in trained else ("the checkpoint", "the model")
        raise UserError(f"{file}: of other code: {known} has {name}, {lacks} has not; remove the file")
    for name, weight in trained.items():
        if written[name].shape != weight.shape:
            was, now = tuple(written[name].shape), tuple(weight.shape)
            raise UserError(f"{file}: of other code: {name} is {was}, in the model {now}; remove the file")


def compare_code(written: Mapping[str, Any], running: Mapping[str, Any], *, file: Any) -> None:
    """Warn, in one line, where other code or other versions go on: the numbers need not be those of an unbroken run."""
    names = [name for name in sorted(written.keys() | running.keys()) if written.get(name) != running.get(name)]
    if names:
        changes = ", ".join(f"{name} {written.get(name)} then, {running.get(name)} now" for name in names)
        log.warning("%s was written by other code, and may not be gone on from exactly: %s", file, changes)
