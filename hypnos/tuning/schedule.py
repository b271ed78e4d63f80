"""Schedules the learning rate over the steps of a stage."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from hypnos.artefacts.ranges import Share


def cosine(optimizer: Optimizer, steps: int, *, warmup: Share, floor: Share = 0.0) -> LambdaLR:
    """Rise linearly over the first share of steps, then fall along half a cosine.

    Args:
        optimizer: its learning rate is the peak.
        steps: of the whole stage.
        warmup: share of steps that rise.
        floor: share of the peak that is left at the end.
    """
    rising = math.ceil(warmup * steps)

    def share(step: int) -> float:
        if step < rising:
            return (step + 1) / (rising + 1)
        progress = (step - rising) / max(steps - rising, 1)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))

    return LambdaLR(optimizer, share)


def constant(optimizer: Optimizer, steps: int, *, warmup: Share = 0.0) -> LambdaLR:
    """Rise linearly over the first share of steps, then stay."""
    rising = math.ceil(warmup * steps)
    return LambdaLR(optimizer, lambda step: min((step + 1) / (rising + 1), 1.0))


def wsd(optimizer: Optimizer, steps: int, *, warmup: Share, decay: Share) -> LambdaLR:
    """Rise linearly, stay at the peak, and fall linearly to nothing (warm-up, stable, decay: Hu et al., 2404.06395).

    Args:
        optimizer: its learning rate is the peak.
        steps: of the whole stage.
        warmup: share of steps that rise.
        decay: share of steps that fall.
    """
    rising = math.ceil(warmup * steps)
    falling = max(math.ceil(decay * steps), 1)

    def share(step: int) -> float:
        return min((step + 1) / (rising + 1), 1.0, max(steps - step, 0) / falling)

    return LambdaLR(optimizer, share)
