"""Adds embedding and head rows for new pieces, each the mean of the old pieces that spelled it."""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from hypnos.errors import UserError


def mean_rows(rows: Tensor, spellings: Sequence[Sequence[int]]) -> Tensor:
    """Average old rows.

    Args:
        rows: `(old, width)`.
        spellings: for each new piece the ids of the old pieces that spell it.

    Returns:
        `(new, width)`, in the type of `rows`.
    """
    flat = torch.tensor([i for spelling in spellings for i in spelling], dtype=torch.long)
    lengths = torch.tensor([len(spelling) for spelling in spellings])
    offsets = lengths.cumsum(0) - lengths
    # Half precision has no kernel on every CPU, and a mean of halves loses digits; of a large table only the few
    # rows that spell Chinese are copied in full precision.
    used, positions = flat.unique(return_inverse=True)
    return torch.nn.functional.embedding_bag(positions, rows[used].float(), offsets, mode="mean").to(rows.dtype)


def rows_for(have: int, *, old: int, added: int, pad_to_multiple_of: int | None = None) -> int:
    """Number of embedding rows of a model after its tokenizer has grown.

    Args:
        have: rows of the base; some keep a few beyond their tokenizer's pieces.
        old: pieces of the base's tokenizer.
        added: new pieces.
        pad_to_multiple_of: rounds up, for tensor cores.
    """
    if not added and not pad_to_multiple_of:
        return have
    step = pad_to_multiple_of or 1
    return -(-(old + added) // step) * step


@torch.no_grad()
def extend_embeddings(
    model: PreTrainedModel, spellings: Sequence[Sequence[int]], *, old: int, pad_to_multiple_of: int | None = None
) -> None:
    """Append rows for new pieces to the embeddings and, where it is not tied, to the head.

    Rows beyond the tokenizer's length that the base kept as padding are overwritten; padding added here is
    the mean of all old rows, so that its logits are unremarkable.

    Args:
        model: changed in place, its config too.
        spellings: for each new piece the ids of the old pieces that spell it.
        old: length of the base's tokenizer.
        pad_to_multiple_of: rounds the number of rows up, for tensor cores.

    Raises:
        UserError: the model has fewer rows than its tokenizer has pieces.
    """
    have = model.get_input_embeddings().weight.shape[0]
    if have < old:
        raise UserError(f"the base's tokenizer has {old} pieces but its model only {have} embedding rows")
    total = old + len(spellings)
    rounded = rows_for(have, old=old, added=len(spellings), pad_to_multiple_of=pad_to_multiple_of)
    if rounded != have:
        # mean_resizing=True samples from a covariance: minutes, for rows that are overwritten next.
        model.resize_token_embeddings(rounded, mean_resizing=False)
    tables = [model.get_input_embeddings().weight]
    head = model.get_output_embeddings()
    if head is not None and head.weight is not tables[0]:
        tables.append(head.weight)
    for table in tables:
        known = table[:old]
        if spellings:
            table[old:total] = mean_rows(known, spellings)
        if total < len(table):
            table[total:] = known.mean(0, dtype=torch.float32).to(table.dtype)
