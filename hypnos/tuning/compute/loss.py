"""Computes the loss of a packed row, and the likelihood of each of its documents."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from hypnos.tuning.compute.cross_entropy import CHUNK, summed_cross_entropy
from hypnos.tuning.compute.log_likelihood import label_log_likelihoods

Batch = dict[str, Any]
"""A row as `hypnos.data.rows.PackedRows` gives it."""

SCALED = (
    *("final_logit_softcapping", "logits_soft_cap", "logit_scale", "logits_scaling", "lm_head_multiplier"),
    "output_multiplier_scale",
)
"""Settings of models that do more to their logits than multiply by the head's rows."""


def negative_log_likelihood(model: Any, batch: Batch, *, chunk: int | None = None) -> Tensor:
    """Sum of the labels' negative log-likelihoods in a row, in nats.

    Logits are made only where the loss mask needs them, and where the head is a plain matrix never all at once. No mask
    is given: restarting positions tell documents apart, and a key-value cache would undo that silently.
    """
    base = model.get_base_model() if hasattr(model, "get_base_model") else model  # adapters lie inside its layers
    inputs = _inputs(base, batch)
    head = plain_head(base)
    if head is None:
        logits = model(**inputs, logits_to_keep=batch["logits_to_keep"]).logits[0]
        return functional.cross_entropy(logits.float(), batch["labels"], reduction="sum")
    hidden = base.get_decoder()(**inputs).last_hidden_state[0]
    return summed_cross_entropy(hidden.index_select(0, batch["logits_to_keep"]), head, batch["labels"], chunk=chunk)


def label_likelihoods(model: Any, batch: Batch, *, chunk: int = CHUNK) -> Tensor:
    """Log-likelihood of each label of a row, in nats, with a gradient: `(labels,)`."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    inputs, kept, labels = _inputs(base, batch), batch["logits_to_keep"], batch["labels"]
    head = plain_head(base)
    if head is None:
        logits = model(**inputs, logits_to_keep=kept).logits[0]
        return -functional.cross_entropy(logits.float(), labels, reduction="none")
    hidden = base.get_decoder()(**inputs).last_hidden_state[0]
    return label_log_likelihoods(hidden.index_select(0, kept), head, labels, chunk=chunk)


def sum_by_document(values: Tensor, batch: Batch) -> Tensor:
    """Add up a value of labels over each document of a row, in float64: `(labels,)` to `(documents,)`."""
    lengths = batch["cu_seqlens"].diff()
    number = torch.arange(len(lengths), device=values.device).repeat_interleave(lengths)
    sums = room_for_sums(len(lengths), values.device)
    return sums.index_add(0, number[batch["logits_to_keep"]], values.to(sums.dtype))


@torch.inference_mode()
def document_nats(model: Any, batch: Batch, *, chunk: int = CHUNK) -> Tensor:
    """Negative log-likelihood of each document of a row, in nats: `(documents,)`, without a gradient."""
    return -sum_by_document(label_likelihoods(model, batch, chunk=chunk), batch)


def room_for_sums(count: int, device: torch.device) -> Tensor:
    """Zeros to which the losses of many rows are added: in float64, but on Apple's GPUs, which do not know it."""
    return torch.zeros(count, dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)


def _inputs(model: Any, batch: Batch) -> dict[str, Any]:
    """Inputs of the model; where documents lie is said in transformers' words, so that nothing looks for it."""
    inputs = {"input_ids": batch["input_ids"], "position_ids": batch["position_ids"], "use_cache": False}
    if getattr(model, "_is_stateful", False):  # reads a document a row, and refuses to be told of places
        return inputs
    cu_seqlens, max_seqlen = batch["cu_seqlens"], batch["max_seqlen"]
    return inputs | {
        "cu_seq_lens_q": cu_seqlens,
        "cu_seq_lens_k": cu_seqlens,
        "max_length_q": max_seqlen,
        "max_length_k": max_seqlen,
    }


def plain_head(model: Any) -> Tensor | None:
    """The matrix `(vocabulary, width)` that gives the logits, or None if there is more to them than that."""
    head = model.get_output_embeddings()
    active = getattr(head, "modules_to_save", None)  # peft's copy of a head that is trained whole
    linear = head if active is None else active[head.active_adapters[0]]
    if type(linear) is not nn.Linear or linear.bias is not None or any(getattr(model.config, s, None) for s in SCALED):
        return None
    return head.weight
