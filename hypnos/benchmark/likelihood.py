"""How likely a model finds each continuation of a prompt; what prompts have in common is read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from hypnos.benchmark.decoding import batches
from hypnos.benchmark.kv_cache import make_cache
from hypnos.benchmark.output_head import OutputHead, Waiting

WORTH = 8
"""Tokens that all prompts must share to be read apart."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """A prompt and what may follow it, as token ids."""

    prompt: tuple[int, ...]
    continuations: tuple[tuple[int, ...], ...]

    @property
    def longest(self) -> int:
        """Tokens of the prompt with its longest continuation."""
        return len(self.prompt) + max(map(len, self.continuations))


def encode(
    tokenizer: Any, prompts: Sequence[str], endings: Sequence[Sequence[str]], *, special: bool
) -> list[Weighing]:
    """Encode prompts, and each continuation as the tokens it adds to its prompt.

    A continuation is encoded with the prompt, as it would have been written after it, and not by itself. Spaces at
    the end of a prompt are read as the start of each continuation.

    Args:
        tokenizer: of the model.
        prompts: texts so far.
        endings: for each prompt, texts that may follow.
        special: whether the tokenizer adds its own special tokens (BOS); a chat template has written them already.
    """
    heads = [prompt.rstrip(" ") for prompt in prompts]
    whole = [f"{prompt}{ending}" for prompt, follow in zip(prompts, endings, strict=True) for ending in follow]
    encoded = tokenizer([*heads, *whole], add_special_tokens=special)["input_ids"]
    before, after = encoded[: len(heads)], iter(encoded[len(heads) :])
    return [
        Weighing(tuple(ids), tuple(tuple(next(after)[len(ids) :]) for _ in follow))
        for ids, follow in zip(before, endings, strict=True)
    ]


@torch.inference_mode()
def weigh(model: Any, weighings: Sequence[Weighing], *, tokens: int, rows: int = 256) -> list[list[float]]:
    """Log-likelihoods of continuations, in nats, summed over their tokens.

    Args:
        model: a causal language model of transformers.
        weighings: every continuation has at least one token.
        tokens: most tokens of one batch, padding included.
        rows: most prompts of one batch.
    """
    sums = [[0.0] * len(one.continuations) for one in weighings]
    if not weighings:
        return sums
    head = OutputHead(model)
    waiting = Waiting(head)
    shared = _shared([one.prompt for one in weighings])
    start = _read_shared(head, shared)
    for batch in batches([len(one.prompt) for one in weighings], tokens=tokens, rows=rows):
        members = [weighings[i] for i in batch]
        reading = _Reading(head, waiting, start, len(shared), members, [sums[i] for i in batch], room=tokens)
        reading.read()
    waiting.finish()
    return sums


def _shared(prompts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Tokens with which all prompts begin, if that is worth it; each prompt keeps one at least for itself."""
    first, last = min(prompts), max(prompts)
    most = min(min(map(len, prompts)) - 1, len(first), len(last))
    length = next((i for i in range(most) if first[i] != last[i]), most)
    return first[:length] if length >= WORTH and len(prompts) > 1 else ()


def _read_shared(head: OutputHead, shared: Sequence[int]) -> Any:
    cache = make_cache(head.model.config)
    if shared:
        head.states(input_ids=torch.tensor([list(shared)], device=head.model.device), past_key_values=cache)
    return cache


class _Reading:
    """One batch of prompts, read once, with all their continuations."""

    def __init__(
        self,
        head: OutputHead,
        waiting: Waiting,
        start: Any,
        shared: int,
        batch: Sequence[Weighing],
        sums: Sequence[list[float]],
        *,
        room: int,
    ) -> None:
        self.head = head
        self.waiting = waiting
        self.start = start
        self.shared = shared
        self.batch = batch
        self.sums = sums
        self.room = room
        self.device = head.model.device
        self.lengths = torch.tensor([len(one.prompt) for one in batch], device=self.device)

    def read(self) -> None:
        """Run the model's layers over everything, and ask for each token's log-likelihood."""
        going_on = any(len(ids) > 1 for one in self.batch for ids in one.continuations)
        cache = self._cache(self.start, [0] * len(self.batch)) if going_on or self.shared else None
        ids, _ = self._pad([one.prompt[self.shared :] for one in self.batch])
        # Padding stands behind: no token of a prompt sees it, and causal attention needs no mask.
        states = self.head.states(
            input_ids=ids,
            position_ids=torch.arange(self.shared, self.shared + ids.shape[1], device=self.device)[None],
            past_key_values=cache,
            use_cache=cache is not None,
        )
        last = states[torch.arange(len(self.batch), device=self.device), self.lengths - self.shared - 1]
        first = [[ids[0] for ids in one.continuations] for one in self.batch]
        self.waiting.ask(last, first, [partial(_add_all, sums) for sums in self.sums])
        if going_on:
            self._go_on(cache)

    def _go_on(self, cache: Any) -> None:
        """The tokens after the first: every continuation is a row that shares its prompt's keys and values."""
        width = cache.layers[0].keys.shape[2]
        rest = [
            (i, j, ids) for i, one in enumerate(self.batch) for j, ids in enumerate(one.continuations) if len(ids) > 1
        ]
        for part in batches([len(ids) - 1 for _, _, ids in rest], tokens=self.room, rows=256):
            members = [rest[k] for k in part]
            rows = [i for i, _, _ in members]
            ids, real = self._pad([ids[:-1] for _, _, ids in members])
            before = self.lengths[rows]
            seen = torch.arange(width, device=self.device)[None] < before[:, None]
            states = self.head.states(
                input_ids=ids,
                attention_mask=torch.cat([seen.long(), torch.ones_like(ids)], 1),
                position_ids=before[:, None] + torch.arange(ids.shape[1], device=self.device),
                past_key_values=self._cache(cache, rows),
                use_cache=True,
            )
            targets = [[token] for _, _, ids in members for token in ids[1:]]
            takers = [partial(_add_one, self.sums[i], j) for i, j, ids in members for _ in ids[1:]]
            self.waiting.ask(states[real], targets, takers)

    def _cache(self, cache: Any, rows: Sequence[int]) -> Any:
        """Keys and values of these rows, each as often as it stands there."""
        made = make_cache(self.head.model.config)
        taken = torch.tensor(rows, device=self.device)
        for layer, other in zip(made.layers, cache.layers, strict=True):
            if other.is_initialized:
                layer.update(other.keys[taken], other.values[taken])
        return made

    def _pad(self, rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids, `(rows, longest)`, and where they stand for a token."""
        longest = max(map(len, rows))
        ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=self.device)
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        return ids, torch.arange(longest, device=self.device)[None] < lengths[:, None]


def _add_all(sums: list[float], values: list[float]) -> None:
    for j, value in enumerate(values):
        sums[j] += value


def _add_one(sums: list[float], j: int, values: list[float]) -> None:
    sums[j] += values[0]
