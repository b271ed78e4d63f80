"""Attention within each document of a packed row, without a mask over the whole row.

A mask over a row of n tokens costs n squared whatever is in it; documents are much shorter than rows. It is
registered through transformers' attention interface, and chosen by name as any other: `attention=documents`.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

DOCUMENTS = "documents"


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
    # Anything else, a padded batch say, needs the mask that is not built for this kind.
    assert query.shape[0] == 1 and query.shape[2] == key.shape[2] and position_ids is not None
    starts = torch.nonzero(position_ids[0] == 0).flatten().tolist()
    sizes = [end - start for start, end in zip(starts, [*starts[1:], query.shape[2]], strict=True)]
    parts = [
        scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling, is_causal=True, enable_gqa=grouped)
        for q, k, v in zip(query.split(sizes, 2), key.split(sizes, 2), value.split(sizes, 2), strict=True)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2), None


def choose_attention(name: str) -> str:
    """The name transformers knows; `auto` is `documents`, but on a GPU, where finding documents would stall it."""
    AttentionInterface.register(DOCUMENTS, attend_documents)
    AttentionMaskInterface.register(DOCUMENTS, lambda *args, **kwargs: None)  # no mask is built
    if name == "auto":
        return "sdpa" if torch.cuda.is_available() else DOCUMENTS
    return name
