"""Says which architectures can be trained on packed rows, which on a row for each document, and which not at all."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from hypnos.errors import UserError
from hypnos.tuning.compute.loss import Batch, document_nats

REFUSED = {
    **dict.fromkeys(("llama4", "llama4_text"), "its attention goes by chunks of a row, not of a document"),
    **dict.fromkeys(
        ("mamba", "mamba2", "falcon_mamba", "rwkv", "xlstm"),
        "it has no attention, whose cache answers are written with",
    ),
}
"""By transformers' name of a kind of model (`model_type`), why it is not trained here."""

UNAWARE = ("falcon", "mpt", "xglm")
"""Kinds whose own attention takes a row for one document, whatever the positions."""

ATTENTION = {"full_attention", "sliding_attention"}
"""Kinds of layers that see what attention shows them, and nothing else before them."""

REMEDY = "model.recipe.packing=none gives each a row of its own"

LENGTH, DOCUMENTS, LABELS = 9, 8, 5
"""Of the row on which a model's documents are held apart: tokens, documents, and labels of each."""

TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-4, torch.bfloat16: 3e-2, torch.float16: 1e-2}
"""Relative change of a document's likelihood that rounding makes, by the type of the weights."""


def check_architecture(model: PreTrainedModel, data: Mapping[str, Any], *, base: str) -> None:
    """See that a kind of model can be trained on the data as they are packed; its weights are not looked at.

    Args:
        model: without weights, or with them.
        data: DataModules, by their keys in the configuration.
        base: what a message calls the model.

    Raises:
        UserError: it cannot.
    """
    config = model.config.get_text_config()
    kind = config.model_type
    if kind in REFUSED:
        raise UserError(f"{base}: {kind} cannot be trained here: {REFUSED[kind]}")
    shared = any(part.packing != "none" or part.together > 1 for part in data.values())
    if shared and (reason := _shares_a_row(model, config)):
        raise UserError(f"{base}: documents of a packed row would see each other: {kind} {reason}; {REMEDY}")
    for name, part in data.items():
        _check_frequencies(config, part, name, base=base)


def _shares_a_row(model: PreTrainedModel, config: PretrainedConfig) -> str | None:
    """Why documents of a row would see each other, if they would."""
    kinds = set(getattr(config, "layer_types", None) or ())
    # Private in transformers 5 (seen in 5.23): what keeps a state is known by nothing public.
    if getattr(model, "_is_stateful", False) or not kinds <= ATTENTION:
        other = ", ".join(sorted(kinds - ATTENTION)) or "recurrent"
        return f"keeps a state across the row ({other} layers)"
    if config.model_type in UNAWARE or "position_ids" not in signature(model.get_decoder().forward).parameters:
        return "does not go by positions"
    return None


def _check_frequencies(config: PretrainedConfig, part: Any, name: str, *, base: str) -> None:
    """Look for rotary frequencies that depend on the longest document of a row."""
    rope = getattr(config, "rope_parameters", None) or {}
    for settings in (rope, *(value for value in rope.values() if isinstance(value, Mapping))):
        kind = settings.get("rope_type")
        if kind == "longrope":
            most, packed = settings["original_max_position_embeddings"], part.packing != "none"
        elif kind == "dynamic":  # also depends on documents that were read before
            most, packed = config.max_position_embeddings, True
        else:
            continue
        if packed and part.max_length > most:
            raise UserError(
                f"{base}: {kind} rope has other frequencies beyond {most} tokens, for all documents of a row; "
                f"{name}.max_length is {part.max_length}, and must be at most {most}"
            )


@torch.inference_mode()
def check_isolation(model: PreTrainedModel) -> None:
    """Change every other document of a row, and see that the likelihoods of those between stay as they are.

    Args:
        model: with weights, as it attends in training.

    Raises:
        UserError: they change, or the model does not take a packed row.
    """
    kind = type(model).__name__
    ids = torch.randint(model.get_input_embeddings().weight.shape[0], (2, DOCUMENTS, LENGTH), generator=_seeded())
    ids[1, 1::2] = ids[0, 1::2]
    try:
        before, after = (document_nats(model, _row(part, model.device))[1::2] for part in ids)
    except (AssertionError, AttributeError, ImportError, NotImplementedError, TypeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{kind} does not take a packed row: {reason}; {REMEDY}") from error
    # The median: where experts are chosen, rounding alone can choose another for some document.
    change = ((after - before).abs() / before.abs().clamp(min=1.0)).median().item()
    if change > TOLERANCE[model.dtype]:
        raise UserError(f"{kind}: documents of a packed row see each other (by {change:.0e}); {REMEDY}")


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _row(ids: Tensor, device: torch.device) -> Batch:
    """Documents `(documents, length)` as a row whose last tokens are learnt."""
    documents, length = ids.shape
    kept = torch.arange(documents * length).view(documents, length)[:, -LABELS:].flatten()
    row = {
        "input_ids": ids.reshape(1, -1),
        "position_ids": torch.arange(length).repeat(documents)[None],
        "labels": ids.flatten()[kept],
        "logits_to_keep": kept - 1,
        "cu_seqlens": torch.arange(0, documents * length + 1, length, dtype=torch.int32),
    }
    return {name: part.to(device) for name, part in row.items()} | {"max_seqlen": length}
