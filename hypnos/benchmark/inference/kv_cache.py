"""Keys and values of a batch that grows by a token a step and loses the rows that have ended."""

from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

BLOCK = 64
"""Tokens by which the room grows: one copy for so many steps, where a plain cache copies at every step."""

PLAIN = {"full_attention", "sliding_attention", "chunked_attention", "attention"}


def make_cache(config: Any) -> Cache:
    """An empty cache for a model; layers that are no attention keep the library's own."""
    config = config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    if kinds is not None and not set(kinds) <= PLAIN:
        return DynamicCache(config=config)
    return Cache(layers=[GrowingLayer() for _ in range(config.num_hidden_layers)])


class GrowingLayer(DynamicLayer):
    """One layer's keys and values, `(rows, heads, tokens, width)`, in room for more tokens than there are yet."""

    def __init__(self) -> None:
        super().__init__()
        self.room_keys: torch.Tensor | None = None
        self.room_values: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append the tokens of a step; returns all so far, as views."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        before = 0 if self.room_keys is None else self.keys.shape[-2]
        after = before + key_states.shape[-2]
        if self.room_keys is None or after > self.room_keys.shape[-2]:
            room = -(-after // BLOCK) * BLOCK
            self.room_keys = _grown(self.keys, key_states, before, room)
            self.room_values = _grown(self.values, value_states, before, room)
        assert self.room_values is not None
        self.room_keys[:, :, before:after] = key_states
        self.room_values[:, :, before:after] = value_states
        self._show(after)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows, in this order; a row may be taken more than once."""
        if self.room_keys is not None and self.room_values is not None:
            tokens = self.keys.shape[-2]
            self.room_keys, self.room_values = self.room_keys[indices], self.room_values[indices]
            self._show(tokens)

    def _show(self, tokens: int) -> None:
        assert self.room_keys is not None and self.room_values is not None
        self.keys, self.values = self.room_keys[:, :, :tokens], self.room_values[:, :, :tokens]


def _grown(old: torch.Tensor, new: torch.Tensor, filled: int, room: int) -> torch.Tensor:
    grown = new.new_empty((*new.shape[:-2], room, new.shape[-1]))
    if filled:
        grown[:, :, :filled] = old
    return grown
