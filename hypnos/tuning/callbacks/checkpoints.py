"""Saves the checkpoints that a stopped stage goes on from, whole or not at all, and checks them when they are read."""

import logging
import math
import os
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO
from pytorch_lightning.trainer.states import TrainerFn

from hypnos.artefacts.ranges import Count
from hypnos.artefacts.store import disk_errors
from hypnos.errors import UserError
from hypnos.tuning.distributed import notice
from hypnos.tuning.distributed.parts import check_parts, read_rest, read_whole, remove

log = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"
"""Folder of a stage's checkpoints, inside the folder that the stage fills."""

STAGE_KEY = "hypnos_stage"
"""Under this name a checkpoint holds the key of the stage it belongs to."""


class WholeFiles(TorchCheckpointIO):
    """Writes a checkpoint aside and renames it, straight to disk: no second copy of it lies in memory."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write, or leave what was there before as it was."""
        file = Path(path)
        partial = file.with_name(f".{file.name}.partial")
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Raised here: when the half of a file is gone again, the disk no longer looks full.
            with disk_errors(file.parent), partial.open("wb") as stream:
                torch.save(checkpoint, stream)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)

    def load_checkpoint(self, path: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """Read a file, or put the parts of a folder together."""
        return read_whole(Path(path)) if Path(path).is_dir() else super().load_checkpoint(path, *args, **options)


class Checkpoints(Checkpoint):
    """Saves a stage at the end of optimizer steps, and only there, so that it can go on exactly.

    Lightning's own callback saves again after the first micro-batch of a resumed run, in the middle of a step. Where
    held-out text was to be measured after the step, it is measured first of all when the stage goes on. When a
    scheduler takes the machine back, the step under way is ended and saved, and the run ends.
    """

    def __init__(self, *, every_n_train_steps: Count = 200, keep: Count = 2, parts: bool = False) -> None:
        """Choose how often to save, and how many of the last to keep, should the newest be damaged.

        Args:
            every_n_train_steps: optimizer steps from one to the next.
            keep: how many of the last.
            parts: under `strategy=fsdp`, a folder that each rank writes its share of, in place of one file that the
                first puts together.

        Raises:
            UserError: a number is below 1.
        """
        if every_n_train_steps < 1 or keep < 1:
            raise UserError(f"callbacks.checkpoint: every_n_train_steps {every_n_train_steps} and keep {keep}: need 1")
        self.every_n_train_steps = every_n_train_steps
        self.keep = keep
        self.folder: Path | None = None
        self.stage = ""
        self._step = 0
        self._due = self._ended = False
        self._told = False  # by a notice, after which the step was saved

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Read from a `Tuning` which stage it is in, and where its checkpoints lie; without a stage none is saved."""
        if pl_module.job is not None:
            self.folder, self.stage = pl_module.folder / CHECKPOINTS, pl_module.job.name

    def state_dict(self) -> dict[str, Any]:
        """Whether held-out text was to be measured after the step, and whether training has ended, early or not."""
        return {"due": self._due, "ended": self._ended}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self._due, self._ended = state_dict["due"], state_dict["ended"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do what the run that saved did not come to, as it would have been done."""
        self._step = trainer.global_step
        trainer.should_stop = trainer.should_stop or self._ended
        notice.begin_steps()
        if self._due:
            _validate(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save when a step was the one to save after."""
        if trainer.global_step != self._step:
            self._step = trainer.global_step
            if notice.is_given(trainer):
                self._due = _is_validated_now(trainer)
                self._save_for_notice(trainer)
                return
            # Where training ends, it is saved after held-out text has been measured.
            if self._step % self.every_n_train_steps == 0 and self._step < trainer.estimated_stepping_batches:
                self._due = _is_validated_now(trainer)
                self.save(trainer)

    def on_train_batch_start(self, *args: Any) -> None:
        """End the run where its last step is saved: only now has that step been logged."""
        self._end_where_told()

    def on_validation_start(self, *args: Any) -> None:
        """The same, before held-out text is measured."""
        self._end_where_told()

    def on_validation_batch_end(self, trainer: Trainer, *args: Any) -> None:
        """Measure no further where the machine is taken back; it is done first of all when the stage goes on."""
        if trainer.state.fn == TrainerFn.FITTING and self._step and notice.is_given(trainer):
            self._due = True
            self._save_for_notice(trainer)
            self._end_where_told()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A notice ends the run at once again."""
        self._end_where_told()
        notice.end_steps()

    def _save_for_notice(self, trainer: Trainer) -> None:
        self.save(trainer)
        self._told = True

    def _end_where_told(self) -> None:
        if self._told:
            self._told = False
            notice.end_steps()
            raise notice.preempted(self.stage, self._step)

    def save_end(self, trainer: Trainer) -> None:
        """Save where training ended, so that a kill during measuring or export costs no step."""
        self._due, self._ended = False, True
        self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Save now, and remove what is older than the last ones; every rank must call it.

        Raises:
            UserError: the loss or the gradient is not a number any more; what was saved before it stays.
        """
        if self.folder is None:
            return
        self._check_finite(trainer)
        trainer.save_checkpoint(self.folder / f"step-{trainer.global_step}.ckpt")
        if trainer.is_global_zero:
            for file in _by_step(self.folder)[: -self.keep]:
                remove(file)

    def _check_finite(self, trainer: Trainer) -> None:
        """Look at the last step; only when it is saved, because each look waits for the device."""
        names = ["train/loss"]
        if trainer.precision != "16-mixed":  # there a step whose gradient overflows is skipped, and all is well
            names.append("train/grad_norm")
        values = {name: float(trainer.callback_metrics.get(name, 0.0)) for name in names}
        if not all(map(math.isfinite, values.values())):
            reason = " and ".join(f"{name} is {value}" for name, value in values.items())
            stage = f"stages.{self.stage}"
            raise UserError(f"{stage}: {reason} at step {trainer.global_step}; a lower {stage}.tuning.lr may help")


def _is_validated_now(trainer: Trainer) -> bool:
    """Whether Lightning will measure held-out text after this batch: its own rule, and no copy of it.

    It has no public name. Seen with pytorch-lightning 2.6.6; `test_checkpoints.py` fails when it is gone.
    """
    loop = trainer.fit_loop
    return loop.epoch_loop._should_check_val_fx(loop._data_fetcher)  # type: ignore[arg-type]


def _validate(trainer: Trainer) -> None:
    """Measure held-out text as Lightning's loop does between two batches."""
    loop = trainer.fit_loop.epoch_loop.val_loop
    loop.restarting = False
    trainer.validating = True
    loop.run()
    trainer.training = True


def newest_sound(folder: Path, key: str) -> Path | None:
    """The last checkpoint that can be trusted; damaged ones are named, and set aside under another name.

    Args:
        folder: holds `step-<number>.ckpt`, files or folders of parts, or does not exist.
        key: of the stage that shall go on.

    Raises:
        UserError: a checkpoint belongs to another stage.
    """
    for file in reversed(_by_step(folder)):
        fault = _fault_of(file)
        if fault is None:
            _check_key(file, key)
            log.info("going on from %s", file)
            return file
        log.warning("%s is damaged (%s); the one before it is used", file, fault)
        with suppress(FileNotFoundError):  # another rank was quicker
            file.rename(file.with_suffix(".damaged"))
    return None


def steps_of(file: Path) -> int:
    """Optimizer steps behind a checkpoint, as its name says."""
    return int(file.stem.removeprefix("step-"))


def _by_step(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.ckpt"), key=steps_of)


def _fault_of(file: Path) -> str | None:
    """What is wrong with a file; every byte is held against its checksum, which torch itself does not do."""
    try:
        if file.is_dir():
            check_parts(file)
            read_rest(file)
            return None
        with zipfile.ZipFile(file) as parts:
            broken = parts.testzip()
        if broken is not None:
            return f"checksum of {broken}"
        torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except _DAMAGED as error:
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return None


_DAMAGED = (
    *(zipfile.BadZipFile, pickle.UnpicklingError, EOFError, OSError),
    *(RuntimeError, ValueError, KeyError, UserError),
)


def _check_key(file: Path, key: str) -> None:
    read = read_rest(file) if file.is_dir() else torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    written = read.get(STAGE_KEY)
    if written != key:
        raise UserError(f"{file}: a checkpoint of stage {str(written)[:16]}, but this stage is {key[:16]}; remove it")
