"""Computes cross-entropy over a large vocabulary without the whole table of logits.

The gradient is made in the forward pass, chunk by chunk, while a chunk's logits are still in the cache: for 49,000
pieces and 1,024 tokens the table alone would take 200 MB, and its softmax and gradient as much again. The method is
that of Liger Kernel's fused linear cross-entropy (arXiv 2410.10989), here in plain torch for any device.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

CHUNK = 256
"""Tokens whose logits are made at once: enough for full speed of the matrix product."""

HALF_CHUNK = 1024
"""The same in half precision on a CPU, where adding up the head's gradient, chunk by chunk, costs as much."""

SCORES = 1_000_000
"""Logits whose softmax is made at once on a CPU: what is read nine times over stays in the cache."""


def summed_cross_entropy(hidden: Tensor, head: Tensor, labels: Tensor, *, chunk: int | None = None) -> Tensor:
    """Sum of the negative log-likelihoods of `labels` under the logits `hidden @ head.T`, in nats.

    Under autocast the matrix products run in its type; softmax and sums are in float32 or better.

    Args:
        hidden: `(tokens, width)`.
        head: `(vocabulary, width)`.
        labels: `(tokens,)`, indices into the vocabulary.
        chunk: tokens at once; None chooses.
    """
    device = hidden.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else head.dtype
    if chunk is None:
        chunk = HALF_CHUNK if device == "cpu" and dtype.itemsize < 4 else CHUNK
    if not torch.is_grad_enabled():
        hidden, head = hidden.detach(), head.detach()  # else gradients would be made, for nobody
    with torch.autocast(device, enabled=False):
        return _SummedCrossEntropy.apply(hidden, head, labels, chunk, dtype)  # type: ignore[no-untyped-call]


class _SummedCrossEntropy(Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, labels: Tensor, chunk: int, dtype: torch.dtype) -> Tensor:
        wants_hidden, wants_head = ctx.needs_input_grad[:2]
        rows, states = head.to(dtype), hidden.to(dtype)
        wide = torch.promote_types(dtype, torch.float32)
        # One table for all chunks: fresh memory of this size costs as much as what is computed in it.
        logits = hidden.new_empty((min(chunk, len(labels)), len(head)), dtype=dtype)
        block = min(-(-SCORES // len(head)) if hidden.device.type == "cpu" else chunk, len(logits))
        scores = None if dtype == wide else hidden.new_empty((block, len(head)), dtype=wide)
        total = hidden.new_zeros((), dtype=wide)
        hidden_grad = torch.empty_like(states) if wants_hidden else None
        head_grad: Tensor | None = None
        for start in range(0, len(labels), chunk):
            part = states[start : start + chunk]
            slope = logits[: len(part)]
            torch.mm(part, rows.T, out=slope)
            blocks = zip(slope.split(block), labels[start : start + chunk, None].split(block), strict=True)
            for block_logits, block_labels in blocks:
                total += _turn_into_gradient(block_logits, block_labels, scores)
            if hidden_grad is not None:
                torch.mm(slope, rows, out=hidden_grad[start : start + chunk])
            if wants_head:
                # Chunks are added up in float32 even where the head is kept in half precision.
                if head_grad is None:
                    head_grad = torch.mm(slope.T, part).to(wide)
                elif dtype == wide:
                    head_grad.addmm_(slope.T, part)
                else:
                    head_grad += torch.mm(slope.T, part)
        if wants_head and head_grad is None:  # there is no label here
            head_grad = torch.zeros_like(head)
        # Not saved as tensors are: the backward pass scales them where they lie, once.
        ctx.gradients = (
            None if hidden_grad is None else hidden_grad.to(hidden.dtype),
            None if head_grad is None else head_grad.to(head.dtype),
        )
        return total

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        gradients, ctx.gradients = ctx.gradients, None
        if gradients is None:
            raise RuntimeError("the gradient was made in the forward pass and can be used once")
        (factor,) = outputs
        hidden_grad, head_grad = (None if grad is None else grad.mul_(factor.to(grad.dtype)) for grad in gradients)
        return hidden_grad, head_grad, None, None, None


def _turn_into_gradient(logits: Tensor, labels: Tensor, scores: Tensor | None) -> Tensor:
    """The summed loss of some tokens; their logits become its gradient, the softmax less one at the label.

    Args:
        logits: `(tokens, vocabulary)`, overwritten.
        labels: `(tokens, 1)`.
        scores: room to compute in, where the logits are in half precision.
    """
    score = logits if scores is None else scores[: len(logits)].copy_(logits)
    score -= score.amax(1, keepdim=True)
    label_score = score.gather(1, labels)
    norm = score.exp_().sum(1, keepdim=True)
    score /= norm
    score.scatter_add_(1, labels, score.new_full(labels.shape, -1.0))
    if scores is not None:
        logits.copy_(score)
    return (norm.log() - label_score).sum()
