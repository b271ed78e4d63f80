"""Computes the log-likelihood of each label, with a gradient, without keeping the table of logits."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from hypnos.tuning.compute.cross_entropy import CHUNK


def label_log_likelihoods(hidden: Tensor, head: Tensor, labels: Tensor, *, chunk: int = CHUNK) -> Tensor:
    """Log-likelihood of each of `labels` under the logits `hidden @ head.T`, in nats: `(tokens,)`, float32 or better.

    Unlike `summed_cross_entropy`, which makes its gradient at once, this one makes each chunk's logits a second time in
    the backward pass: what a label weighs in the loss is known only when all of them are. Under autocast the matrix
    products run in its type.

    Args:
        hidden: `(tokens, width)`.
        head: `(vocabulary, width)`.
        labels: `(tokens,)`, indices into the vocabulary.
        chunk: tokens at once.
    """
    device = hidden.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else head.dtype
    with torch.autocast(device, enabled=False):
        return _LabelLogLikelihoods.apply(hidden, head, labels, chunk, dtype)  # type: ignore[no-untyped-call]


class _LabelLogLikelihoods(Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, labels: Tensor, chunk: int, dtype: torch.dtype) -> Tensor:
        ctx.save_for_backward(hidden, head, labels)
        ctx.chunk, ctx.dtype = chunk, dtype
        rows = head.to(dtype)
        parts = zip(hidden.split(chunk), labels.split(chunk), strict=True)
        nats = [functional.cross_entropy(_logits(h, rows), t, reduction="none") for h, t in parts]
        return -torch.cat(nats) if nats else hidden.new_zeros(0, dtype=_wide(dtype))

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        (weights,) = outputs
        hidden, head, labels = ctx.saved_tensors
        rows = head.to(ctx.dtype)
        hidden_grad = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        head_grad = torch.zeros_like(head, dtype=_wide(ctx.dtype)) if ctx.needs_input_grad[1] else None
        for start in range(0, len(labels), ctx.chunk):
            part = slice(start, start + ctx.chunk)
            states = hidden[part].to(ctx.dtype)
            # The gradient of a label's log-likelihood in its logits: one at the label, less the softmax.
            slope = _logits(states, rows).softmax(1).neg_()
            slope.scatter_add_(1, labels[part, None], slope.new_ones(len(states), 1))
            slope = slope.mul_(weights[part, None]).to(ctx.dtype)
            if hidden_grad is not None:
                hidden_grad[part] = slope @ rows
            if head_grad is not None:
                head_grad += slope.T @ states
        return hidden_grad, None if head_grad is None else head_grad.to(head.dtype), None, None, None


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def _logits(hidden: Tensor, rows: Tensor) -> Tensor:
    """Logits of some tokens, made in the type of `rows`, in float32 or better: `(tokens, vocabulary)`."""
    return (hidden.to(rows.dtype) @ rows.T).to(_wide(rows.dtype))
