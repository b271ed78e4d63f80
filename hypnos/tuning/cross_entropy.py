"""Cross-entropy over a large vocabulary without the whole table of logits.

The gradient is made in the forward pass, chunk by chunk, while a chunk's logits are still in the cache: for 49,000
pieces and 1,024 tokens the table alone would take 200 MB, and its softmax and gradient as much again. The method is
that of Liger Kernel's fused linear cross-entropy (arXiv 2410.10989), here in plain torch for any device.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

CHUNK = 256
"""Tokens whose logits are made at once: few enough for the cache, enough for full speed of the matrix product."""


def summed_cross_entropy(hidden: Tensor, head: Tensor, targets: Tensor, *, chunk: int = CHUNK) -> Tensor:
    """Sum of the negative log-likelihoods of `targets` under the logits `hidden @ head.T`, in nats.

    Under autocast the matrix products run in its type; softmax and sums are in float32 or better.

    Args:
        hidden: `(tokens, width)`.
        head: `(vocabulary, width)`.
        targets: `(tokens,)`, indices into the vocabulary.
        chunk: tokens at once.
    """
    device = hidden.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else head.dtype
    with torch.autocast(device, enabled=False):
        return _SummedCrossEntropy.apply(hidden, head, targets, chunk, dtype)  # type: ignore[no-untyped-call]


class _SummedCrossEntropy(Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, chunk: int, dtype: torch.dtype) -> Tensor:
        wants_hidden, wants_head = ctx.needs_input_grad[:2]
        rows, said = head.to(dtype), hidden.to(dtype)
        wide = torch.promote_types(dtype, torch.float32)
        # One table for all chunks: fresh memory of this size costs as much as what is computed in it.
        size = (min(chunk, len(targets)), len(head))
        logits = hidden.new_empty(size, dtype=dtype)
        scores = logits if dtype == wide else hidden.new_empty(size, dtype=wide)
        total = hidden.new_zeros((), dtype=wide)
        hidden_grad = torch.empty_like(said) if wants_hidden else None
        # Chunks are added up in float32 even where the head is kept in half precision.
        head_grad = torch.zeros_like(head, dtype=wide) if wants_head else None
        product = torch.empty_like(rows) if wants_head and dtype != wide else None
        for start in range(0, len(targets), chunk):
            part, wanted = said[start : start + chunk], targets[start : start + chunk, None]
            slope, score = logits[: len(part)], scores[: len(part)]
            torch.mm(part, rows.T, out=slope)
            if slope.dtype != wide:
                score.copy_(slope)
            score -= score.amax(1, keepdim=True)
            said_score = score.gather(1, wanted)
            norm = score.exp_().sum(1, keepdim=True)
            total += (norm.log() - said_score).sum()
            if hidden_grad is None and head_grad is None:
                continue
            # The gradient of the logits: the softmax, less one at the target.
            score /= norm
            score.scatter_add_(1, wanted, score.new_full(wanted.shape, -1.0))
            if slope.dtype != wide:
                slope.copy_(score)
            if hidden_grad is not None:
                torch.mm(slope, rows, out=hidden_grad[start : start + chunk])
            if head_grad is not None and product is None:
                head_grad.addmm_(slope.T, part)
            elif head_grad is not None:
                head_grad += torch.mm(slope.T, part, out=product)
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
