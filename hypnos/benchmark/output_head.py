"""The last layer on the positions that are needed, and on no others: with a large vocabulary it is half the work."""

import logging
from collections.abc import Sequence
from typing import Any

import torch

log = logging.getLogger(__name__)

AT_ONCE = 256
"""Positions whose scores over the vocabulary are in memory together: on a CPU fewer and more are slower."""

CLOSE = 1e-3
"""Largest difference of scores between the two ways, beyond rounding of half precision."""


class OutputHead:
    """A causal language model in two parts: its layers, and the scores over the vocabulary."""

    def __init__(self, model: Any) -> None:
        """Take the model apart, and see that nothing else happens between its parts.

        Some models scale or cap their scores: those are used whole.
        """
        self.model = model
        self._layers = model.get_decoder() if hasattr(model, "get_decoder") else None
        self._head = model.get_output_embeddings()
        if self._layers is None or self._head is None or not self._is_all(model):
            log.debug("%s: scores are computed at every position", type(model).__name__)
            self._layers = None

    def states(self, **inputs: Any) -> torch.Tensor:
        """Run the layers; what comes out goes to `log_likelihoods`, `(rows, tokens, width)`."""
        if self._layers is None:
            return self.model(**inputs).logits
        return self._layers(**inputs).last_hidden_state

    def log_likelihoods(self, states: torch.Tensor, targets: Sequence[Sequence[int]]) -> list[list[float]]:
        """Log-likelihoods of tokens, in nats.

        Args:
            states: of positions, `(N, width)`.
            targets: for each position the tokens asked about.
        """
        found: list[list[float]] = []
        for start in range(0, len(states), AT_ONCE):
            part = states[start : start + AT_ONCE]
            scores = (part if self._layers is None else self._head(part)).float()
            scores = torch.log_softmax(scores, -1)
            asked = targets[start : start + AT_ONCE]
            rows = torch.tensor([row for row, tokens in enumerate(asked) for _ in tokens], device=scores.device)
            columns = torch.tensor([token for tokens in asked for token in tokens], device=scores.device)
            values = iter(scores[rows, columns].tolist())
            found += [[next(values) for _ in tokens] for tokens in asked]
        return found

    @torch.inference_mode()
    def _is_all(self, model: Any) -> bool:
        ids = torch.arange(3, 7, device=model.device)[None]
        whole = model(input_ids=ids, use_cache=False).logits
        assert self._layers is not None
        parts = self._head(self._layers(input_ids=ids, use_cache=False).last_hidden_state)
        return whole.shape == parts.shape and bool((whole - parts).abs().max() < CLOSE)
