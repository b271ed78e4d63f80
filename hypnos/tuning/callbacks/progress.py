"""Shows where training stands: loss, tokens per second, time left."""

import logging
import time
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from tqdm import tqdm

from hypnos.artefacts.ranges import NotNegative

log = logging.getLogger(__name__)


class Progress(Callback):
    """A bar over all optimizer steps of a stage on a terminal, a line now and then elsewhere."""

    def __init__(self, *, every_seconds: NotNegative = 30.0) -> None:
        """Choose how often a line is logged where there is no terminal."""
        self.every_seconds = every_seconds
        self._bar: tqdm | None = None
        self._tokens = 0
        self._loss_tokens: Any = 0
        self._since = self._logged = 0.0
        self._first = self._step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._since = self._logged = time.monotonic()
        self._tokens = 0
        self._loss_tokens = 0
        self._first = self._step = trainer.global_step
        if trainer.is_global_zero:
            total = int(trainer.estimated_stepping_batches)
            # disable=None: no bar where the output is not a terminal.
            self._bar = tqdm(total=total, initial=self._first, unit="step", disable=None, dynamic_ncols=True)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the tokens of a micro-batch; after an optimizer step, show and log the speed."""
        self._tokens += batch["input_ids"].numel() * trainer.world_size
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step
        self._loss_tokens = self._loss_tokens + batch["step_tokens"]  # of all ranks
        now = time.monotonic()
        seconds = max(now - self._since, 1e-9)
        speed = self._tokens / seconds
        pl_module.log("train/tokens_per_second", speed, rank_zero_only=True)
        pl_module.log("train/learnt_tokens_per_second", self._loss_tokens / seconds, rank_zero_only=True)
        if self._bar is None:
            return
        self._bar.update(self._step - self._bar.n)
        if not self._bar.disable:
            self._bar.set_postfix_str(f"loss {_loss(trainer):.3f}, {speed:,.0f} tokens/s", refresh=False)
        elif now - self._logged > self.every_seconds:
            self._logged = now
            total = int(trainer.estimated_stepping_batches)
            left = (now - self._since) / (self._step - self._first) * (total - self._step)
            log.info(
                "step %d of %d, loss %.3f, %s tokens/s, %s left",
                *(self._step, total, _loss(trainer), f"{speed:,.0f}", tqdm.format_interval(left)),
            )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._bar is not None:
            self._bar.close()


def _loss(trainer: Trainer) -> float:
    return float(trainer.callback_metrics.get("train/loss", float("nan")))
