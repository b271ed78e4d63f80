"""Fills a batch's shorter prompts up on the left, and masks the padding."""

from collections.abc import Sequence
from typing import Any

import torch


class LeftPadding:
    """Which tokens of a batch are no padding, those still to be written included; rows can leave."""

    def __init__(self, lengths: Sequence[int], *, more: int, model: Any) -> None:
        """Lay out the batch.

        Args:
            lengths: of the prompts, in tokens.
            more: tokens that may follow the longest.
            model: that will read them.
        """
        self.longest = max(lengths)
        before = self.longest - torch.tensor(lengths)
        self._needed = bool(before.any())
        seen = torch.arange(self.longest + more) >= before[:, None]
        self._seen = seen.to(model.device, torch.long)
        self._bias = _bias(seen).to(model.device, model.dtype) if takes_bias(model) else None

    def positions(self) -> torch.Tensor:
        """Of the prompts' tokens, `(rows, longest)`, each row's first at 0."""
        return (self._seen[:, : self.longest].cumsum(1) - 1).clamp(min=0)

    def mask(self, tokens: int) -> torch.Tensor | None:
        """What the model is given with its input when it has so many tokens; None where no row is filled up."""
        if not self._needed:
            return None
        if self._bias is None or tokens == self.longest:
            return self._seen[:, :tokens]
        return self._bias[..., :tokens]

    def keep(self, rows: torch.Tensor) -> None:
        """Keep these rows alone."""
        self._seen = self._seen[rows]
        if self._bias is not None:
            self._bias = self._bias[rows]


def takes_bias(model: Any) -> bool:
    """Whether a step of one token may bring what is added to its attention, `(rows, 1, 1, tokens)`.

    Else the model makes that itself of 0 and 1, anew at every step, and attention again in every layer. Models whose
    layers do not all see everything before them have a mask for each kind, and some of older code read the 0 and 1.
    """
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ()) | {
        name for name in ("sliding_window", "attention_chunk_size") if getattr(config, name, None) is not None
    }
    # Private in transformers 5 (seen in 5.23): no public property tells the attention that was chosen.
    sdpa = config._attn_implementation == "sdpa"
    return kinds <= {"full_attention"} and model.is_backend_compatible() and sdpa


def _bias(seen: torch.Tensor) -> torch.Tensor:
    return torch.zeros(seen.shape).masked_fill_(~seen, -torch.inf)[:, None, None]
