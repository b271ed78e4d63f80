"""Attention within each document of a packed row, without a mask over the whole row.

A mask over a row of n tokens costs n squared whatever is in it; documents are much shorter than rows. And under a
mask float32 rounds otherwise than in the document alone: here both give the same numbers. The ways are registered
through transformers' attention interface, and chosen by name as any other.
"""

import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

DOCUMENTS = "documents"
EAGER_DOCUMENTS = "eager_documents"


def attend_documents(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    position_ids: Tensor | None = None,
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
        **kwargs: what the model hands to every attention function.

    Returns:
        `(1, length, heads, head_dim)`, and no weights.
    """
    grouped = query.shape[1] != key.shape[1]
    if query.shape[2] == 1 < key.shape[2]:
        said = scaled_dot_product_attention(query, key, value, scale=scaling, enable_gqa=grouped)
        return said.transpose(1, 2), None
    parts = [
        scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling, is_causal=True, enable_gqa=grouped)
        for q, k, v in _documents(query, key, value, position_ids)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2), None


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
        later = torch.full((q.shape[2], q.shape[2]), torch.finfo(q.dtype).min, dtype=q.dtype, device=q.device).triu(1)
        parts.append(own(module, q, k, v, later[None, None], **kwargs)[0])
    return torch.cat(parts, dim=1), None


def _documents(
    query: Tensor, key: Tensor, value: Tensor, position_ids: Tensor | None
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    # Anything else, a padded batch say, needs the mask that is not built for these kinds.
    assert query.shape[0] == 1 and query.shape[2] == key.shape[2] and position_ids is not None
    starts = torch.nonzero(position_ids[0] == 0).flatten().tolist()
    sizes = [end - start for start, end in zip(starts, [*starts[1:], query.shape[2]], strict=True)]
    return zip(query.split(sizes, 2), key.split(sizes, 2), value.split(sizes, 2), strict=True)


def choose_attention(name: str) -> str:
    """The name transformers knows; on a CPU `sdpa`, `eager` and `auto` go document by document.

    On a GPU they keep their mask: finding where documents begin would stall it at every layer.
    """
    for kind, attend in ((DOCUMENTS, attend_documents), (EAGER_DOCUMENTS, attend_documents_eagerly)):
        AttentionInterface.register(kind, attend)
        AttentionMaskInterface.register(kind, lambda *args, **kwargs: None)  # no mask is built
    name = "sdpa" if name == "auto" else name
    if torch.cuda.is_available():
        return name
    return {"sdpa": DOCUMENTS, "eager": EAGER_DOCUMENTS}.get(name, name)
