"""Defines what a stage learns from a row, and what is measured of it: here, to say the labels."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from hypnos.tuning.compute.loss import Batch, negative_log_likelihood
from hypnos.tuning.job import StageJob

Forward = Callable[[Callable[[Any], Any]], Any]
"""Calls something with the model, as `hypnos.tuning.module.Tuning.forward` does."""

Sums = dict[str, Tensor]
"""Sums over a row by name; `loss` carries the gradient."""


class Objective(ABC):
    """The loss of a row as a sum, so that each step can divide it once, over all its rows and ranks.

    Attributes:
        count: entry of a batch that holds what a step's loss is divided by.
    """

    count: ClassVar[str]

    def prepare(  # noqa: B027 - most objectives need nothing
        self, job: StageJob, data: Any, module: Any, *, precision: str
    ) -> None:
        """Make what is needed before the first step.

        Args:
            job: the stage.
            data: its DataModule, in the run's tokens.
            module: the tuning, whose model is not read yet.
            precision: the trainer's.
        """

    @abstractmethod
    def measure(self, forward: Forward, batch: Batch, *, held_out: bool) -> Sums:
        """The sums of one row."""

    @abstractmethod
    def summarise(self, sums: Mapping[str, float]) -> dict[str, float]:
        """The measures of held-out rows, from the sums over all of them; `loss` is one of them."""

    def summarise_step(self, sums: Mapping[str, float]) -> dict[str, float]:
        """The measures of a training step beside its loss, from its other sums."""
        return {}


class Supervised(Objective):
    """The labels' negative log-likelihood, in nats a label."""

    count = "step_tokens"

    def measure(self, forward: Forward, batch: Batch, *, held_out: bool) -> Sums:
        sums = {"loss": forward(partial(negative_log_likelihood, batch=batch))}
        if held_out:
            sums["tokens"] = torch.tensor(batch["labels"].numel())
            sums["characters"] = batch["characters"]
        return sums

    def summarise(self, sums: Mapping[str, float]) -> dict[str, float]:
        nats, tokens, characters = sums["loss"], sums["tokens"], sums["characters"]
        bits = nats / math.log(2) / max(characters, 1)
        return {"loss": nats / max(tokens, 1), "bits_per_char": bits, "tokens": tokens, "characters": characters}
