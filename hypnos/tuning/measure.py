"""How well a model tells held-out answers, in a unit that does not depend on its vocabulary."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import torch
from lightning_fabric.utilities import move_data_to_device
from transformers import PreTrainedModel

from hypnos.tuning.attention import choose_attention
from hypnos.tuning.loss import Batch, document_nats

VERSION = 2
"""Raised when code changes what is measured."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Likelihood of held-out answers.

    Attributes:
        loss: nats per learnt token; comparable only under one vocabulary.
        bits_per_char: bits per character of the answers, the token that ends them included.
        tokens_per_char: learnt tokens per character of the answers.
        tokens: learnt tokens.
        characters: of the answers.
    """

    loss: float
    bits_per_char: float
    tokens_per_char: float
    tokens: int
    characters: int

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@torch.inference_mode()
def measure(model: PreTrainedModel, rows: Iterable[Batch]) -> tuple[Measure, list[float]]:
    """Measure a model on all rows, on a GPU where there is one.

    Returns:
        The measure of all, and the bits of each document in the order of the rows.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device).eval()
    model.set_attn_implementation(choose_attention("auto"))
    bits: list[float] = []
    tokens = characters = 0
    for row in rows:
        found = document_nats(model, move_data_to_device(row, device))
        bits += (found / math.log(2)).tolist()
        tokens += row["targets"].numel()
        characters += int(row["characters"])
    whole = Measure(
        loss=sum(bits) * math.log(2) / max(tokens, 1),
        bits_per_char=sum(bits) / max(characters, 1),
        tokens_per_char=tokens / max(characters, 1),
        tokens=tokens,
        characters=characters,
    )
    return whole, bits
