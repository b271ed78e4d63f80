"""Trains every weight: stage 2 (Fig. 1, specific)."""

from collections.abc import Callable
from typing import cast

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedModel

from hypnos.artefacts.ranges import FloatType, NotNegative, Positive
from hypnos.tuning.compute.attention import AttentionKind
from hypnos.tuning.module import Tuning
from hypnos.tuning.objectives.objective import Objective, Supervised


class FullTuning(Tuning):
    """All weights, kept in one type: in float32 with `bf16-mixed` precision only the computation is in bf16."""

    def __init__(
        self,
        *,
        lr: Positive,
        optimizer: Callable[..., Optimizer],
        schedule: Callable[..., LRScheduler],
        weight_decay: NotNegative = 0.0,
        neftune_alpha: NotNegative = 0.0,
        activation_checkpointing: bool = False,
        attention: AttentionKind = "auto",
        dtype: FloatType = "float32",
        objective: Objective | None = None,
    ) -> None:
        """See `Tuning`; `dtype` is the type of the weights, the gradients and the optimizer's moments.

        What is learnt from a row is the `objective`; None for its labels.
        """
        super().__init__(lr, optimizer, schedule, weight_decay, neftune_alpha, activation_checkpointing, attention)
        self.objective = objective or Supervised()
        self.weights_dtype = getattr(torch, dtype)

    def adapt(self, model: PreTrainedModel) -> nn.Module:
        return model

    def merge(self) -> PreTrainedModel:
        return cast(PreTrainedModel, self.model)
