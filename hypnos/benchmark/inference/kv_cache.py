"""Keeps keys and values of a batch that grows by a token a step and loses the rows that have ended."""

from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

BLOCK = 64
"""Tokens by which the capacity grows: one copy for so many steps, where a plain cache copies at every step."""

PLAIN = {"full_attention", "sliding_attention", "chunked_attention", "attention"}


def make_cache(config: Any) -> Cache:
    """An empty cache for a model; layers that are no attention keep the library's own."""
    config = config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    if kinds is not None and not set(kinds) <= PLAIN:
        return DynamicCache(config=config)
    return Cache(layers=[GrowingLayer() for _ in range(config.num_hidden_layers)])


class GrowingLayer(DynamicLayer):
    """One layer's keys and values, `(rows, heads, tokens, width)`, with capacity for more tokens than there are yet."""

    def __init__(self) -> None:
        super().__init__()
        self.stored_keys: torch.Tensor | None = None
        self.stored_values: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append the tokens of a step; returns all so far, as views."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        before = 0 if self.stored_keys is None else self.keys.shape[-2]
        after = before + key_states.shape[-2]
        if self.stored_keys is None or after > self.stored_keys.shape[-2]:
            capacity = -(-after // BLOCK) * BLOCK
            self.stored_keys = _grown(self.keys, key_states, before, capacity)
            self.stored_values = _grown(self.values, value_states, before, capacity)
        assert self.stored_values is not None
        self.stored_keys[:, :, before:after] = key_states
        self.stored_values[:, :, before:after] = value_states
        self._show(after)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows, in this order; a row may be taken more than once."""
        if self.stored_keys is not None and self.stored_values is not None:
            tokens = self.keys.shape[-2]
            self.stored_keys, self.stored_values = self.stored_keys[indices], self.stored_values[indices]
            self._show(tokens)

    def _show(self, tokens: int) -> None:
        assert self.stored_keys is not None and self.stored_values is not None
        self.keys, self.values = self.stored_keys[:, :, :tokens], self.stored_values[:, :, :tokens]


def _grown(old: torch.Tensor, new: torch.Tensor, filled: int, capacity: int) -> torch.Tensor:
    grown = new.new_empty((*new.shape[:-2], capacity, new.shape[-1]))
    if filled:
        grown[:, :, :filled] = old
    return grown
