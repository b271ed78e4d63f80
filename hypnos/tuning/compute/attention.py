"""Attends within each document of a packed row, without a mask over the whole row.

A mask over a row of n tokens costs n squared whatever is in it; documents are much shorter than rows. And under a
mask float32 rounds otherwise than in the document alone: here both give the same numbers. On a GPU, in half precision,
one kernel takes all documents of a row (FlashAttention's variable lengths), at the places that the row names; elsewhere
they are taken one by one. What more some models do to their scores (caps, sinks) is left to their own plain attention,
document by document. All are registered through transformers' attention interface, and chosen by name as any
other. No mask is registered for them: transformers would look at the positions, and stall a GPU, to make none.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from inspect import signature
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

try:
    from torch.nn.attention import varlen
except ImportError:  # before torch 2.10
    varlen = None  # type: ignore[assignment]

DOCUMENTS = "documents"
EAGER_DOCUMENTS = "eager_documents"

AttentionKind = Literal[
    "auto", "documents", "sdpa", "eager", "flash_attention_2", "flash_attention_3", "flex_attention"
]
"""Names of ours and of transformers that a tuning may be given."""

MORE = ("softcap", "s_aux")
"""What attention is given for caps on its scores (Gemma 2) and for sinks (GPT-OSS); other kinds leave them out."""

UNTOLD = ("gpt_bigcode", "persimmon")
"""Models that do not tell their attention the positions; a mask tells documents apart."""

KERNEL: Any = getattr(varlen, "varlen_attn", None)
KNOWN = frozenset(signature(KERNEL).parameters) if KERNEL else frozenset()
"""Arguments that this torch's kernel takes: windows and scales came later than the kernel, groups later still."""


def attend_documents(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    position_ids: Tensor | None = None,
    sliding_window: int | None = None,
    cu_seq_lens_q: Tensor | None = None,
    max_length_q: int = 0,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Causal attention in one row, document by document; with a cache, of the newest token to all before it.

    Args:
        module: the attention layer.
        query: `(1, heads, length, head_dim)`.
        key: `(1, key_heads, length, head_dim)`.
        value: as `key`.
        attention_mask: must be None.
        scaling: of the scores.
        dropout: on the attention weights.
        position_ids: `(1, length)`, restarting at each document.
        sliding_window: how many tokens one sees, itself included; None for all before it.
        cu_seq_lens_q: `(documents + 1,)`, where documents begin, and where the last ends; transformers' name.
        max_length_q: of the longest document.
        **kwargs: what the model hands to every attention function.

    Returns:
        `(1, length, heads, head_dim)`, and no weights.
    """
    if any(kwargs.get(name) is not None for name in MORE):
        kwargs |= {"scaling": scaling, "dropout": dropout, "sliding_window": sliding_window}
        return attend_documents_eagerly(module, query, key, value, None, position_ids, **kwargs)
    grouped = query.shape[1] != key.shape[1]
    if query.shape[2] == 1 < key.shape[2]:
        if sliding_window is not None:
            key, value = key[:, :, -sliding_window:], value[:, :, -sliding_window:]
        output = scaled_dot_product_attention(query, key, value, scale=scaling, enable_gqa=grouped)
        return output.transpose(1, 2), None
    dtype = _working_type(query)
    if cu_seq_lens_q is not None and dropout == 0 and _kernel_takes(query, dtype):
        q, k, v = (part[0].transpose(0, 1).to(dtype) for part in (query, key, value))  # (length, heads, head_dim)
        return _attend_at_once(q, k, v, cu_seq_lens_q, max_length_q, scaling, sliding_window)[None], None
    settings: dict[str, Any] = {"dropout_p": dropout, "scale": scaling, "enable_gqa": grouped}
    parts = []
    with _without_autocast(query.device.type):
        for q, k, v in _documents(_widened(query), _widened(key), _widened(value), position_ids):
            windowed = sliding_window is not None and q.shape[2] > sliding_window
            seen = _seen(q, sliding_window) if windowed else None
            parts.append(scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=seen is None, **settings))
        return torch.cat(parts, dim=2).to(dtype).transpose(1, 2), None


def _widened(part: Tensor) -> Tensor:
    """In float32 on a CPU, whose kernel takes twice as long in half precision, most of it in the backward pass."""
    return part.to(torch.promote_types(part.dtype, torch.float32)) if part.device.type == "cpu" else part


def _without_autocast(device: str) -> AbstractContextManager[Any]:
    """On a CPU without autocast, which would make it half precision again."""
    return torch.autocast(device, enabled=False) if device == "cpu" else nullcontext()


def _attend_at_once(
    q: Tensor, k: Tensor, v: Tensor, cu_seqlens: Tensor, max_seqlen: int, scaling: float | None, window: int | None
) -> Tensor:
    more: dict[str, Any] = {"enable_gqa": q.shape[1] != k.shape[1]} if "enable_gqa" in KNOWN else {}
    # So many before it, none after.
    more |= {"scale": scaling, "window_size": (-1 if window is None else window - 1, 0)}
    return KERNEL(q, k, v, cu_seqlens, cu_seqlens, max_seqlen, max_seqlen, **more)


def _working_type(query: Tensor) -> torch.dtype:
    # Autocast does not know the kernel; under it queries can be in float32 where the weights are.
    device = query.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else query.dtype


def _kernel_takes(query: Tensor, dtype: torch.dtype) -> bool:
    size = query.shape[3]
    return query.is_cuda and dtype.itemsize == 2 and size % 8 == 0 and size <= 256 and _has_kernel()


@cache
def _has_kernel() -> bool:
    """Whether this torch has the kernel, and the GPU is young enough for it (FlashAttention 2: Ampere)."""
    return "window_size" in KNOWN and torch.cuda.get_device_capability() >= (8, 0)


def attend_documents_eagerly(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    position_ids: Tensor | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """As `attend_documents`, each document by the model's own plain attention, with whatever is special in it."""
    own = sys.modules[type(module).__module__].eager_attention_forward
    if query.shape[2] == 1 < key.shape[2]:
        return own(module, query, key, value, None, **kwargs)[0], None
    parts = []
    for q, k, v in _documents(query, key, value, position_ids):
        seen = _seen(q, kwargs.get("sliding_window"))
        unseen = torch.zeros_like(seen, dtype=q.dtype).masked_fill(~seen, torch.finfo(q.dtype).min)
        parts.append(own(module, q, k, v, unseen[None, None], **kwargs)[0])
    return torch.cat(parts, dim=1), None


def _seen(query: Tensor, window: int | None) -> Tensor:
    """`(length, length)`: what each token of a document sees, itself included."""
    length = query.shape[2]
    before = torch.ones(length, length, dtype=torch.bool, device=query.device).tril()
    return before if window is None else before.triu(1 - window)


def _documents(
    query: Tensor, key: Tensor, value: Tensor, position_ids: Tensor | None
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    # Anything else, a padded batch say, needs the mask that is not built for these kinds.
    assert query.shape[0] == 1 and query.shape[2] == key.shape[2] and position_ids is not None
    starts = torch.nonzero(position_ids[0] == 0).flatten().tolist()
    sizes = [end - start for start, end in zip(starts, [*starts[1:], query.shape[2]], strict=True)]
    return zip(query.split(sizes, 2), key.split(sizes, 2), value.split(sizes, 2), strict=True)


def set_attention(model: PreTrainedModel, name: str) -> None:
    """Have a model that was just read attend by a tuning's name for it; one with code of its own stays with that.

    Args:
        model: as transformers reads it, without adapters.
        name: see `AttentionKind`.
    """
    if not model.is_backend_compatible():
        return
    if model.config.model_type not in UNTOLD:
        name = choose_attention(name, usual=usual_attention(model))
    elif name in ("auto", DOCUMENTS):
        return
    model.set_attn_implementation(name)


def usual_attention(model: PreTrainedModel) -> str:
    """The attention that transformers chose for a model, and chooses again for whoever reads it."""
    return str(model.config._attn_implementation)  # private in transformers 5 (seen in 5.23): nothing public tells


def choose_attention(name: str, *, usual: str = "sdpa") -> str:
    """The name transformers knows: `auto` goes document by document, on a CPU `sdpa` and `eager` do so too.

    On a GPU without the kernel, `auto` is `sdpa` with its mask: documents one by one would stall it at every
    layer, as they do in float32.

    Args:
        name: see `AttentionKind`.
        usual: see `usual_attention`. Where it is `eager`, any other kind would leave something out.
    """
    for kind, attend in ((DOCUMENTS, attend_documents), (EAGER_DOCUMENTS, attend_documents_eagerly)):
        AttentionInterface.register(kind, attend)
    if usual == "eager" and name in ("auto", "sdpa"):
        name = "eager"
    if not torch.cuda.is_available():
        return {"auto": DOCUMENTS, "sdpa": DOCUMENTS, "eager": EAGER_DOCUMENTS}.get(name, name)
    if name == "auto":
        return DOCUMENTS if _has_kernel() else "sdpa"
    return name
