"""How likely a model finds each continuation of a prompt, the prompt being read once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from hypnos.benchmark.decoding import batches
from hypnos.benchmark.kv_cache import make_cache


@dataclass(frozen=True, slots=True)
class Weighing:
    """A prompt and what may follow it, as token ids."""

    prompt: tuple[int, ...]
    continuations: tuple[tuple[int, ...], ...]

    @property
    def longest(self) -> int:
        """Tokens of the prompt with its longest continuation."""
        return len(self.prompt) + max(map(len, self.continuations))


def encode(tokenizer: Any, prompt: str, continuations: Sequence[str], *, special: bool) -> Weighing:
    """Encode a prompt, and each continuation as the tokens it adds to the prompt.

    The continuation is encoded with the prompt, as it would have been written after it, and not by itself.

    Args:
        tokenizer: of the model.
        prompt: the text so far; spaces at its end are read as the start of each continuation.
        continuations: texts.
        special: whether the tokenizer adds its own special tokens (BOS); a chat template has written them already.
    """
    cut = len(prompt.rstrip())
    head, spaces = (prompt[:cut], prompt[cut:]) if prompt[cut:].strip(" ") == "" else (prompt, "")
    texts = [head, *(f"{head}{spaces}{continuation}" for continuation in continuations)]
    before, *after = tokenizer(texts, add_special_tokens=special)["input_ids"]
    return Weighing(tuple(before), tuple(tuple(ids[len(before) :]) for ids in after))


@torch.inference_mode()
def weigh(
    model: Any, weighings: Sequence[Weighing], *, pad: int, tokens: int, rows: int = 256
) -> Iterator[list[tuple[int, list[float]]]]:
    """Log-likelihoods of continuations, in nats, summed over their tokens.

    Args:
        model: a causal language model of transformers.
        weighings: every continuation has at least one token.
        pad: id put before shorter prompts and after shorter continuations.
        tokens: most tokens of one batch, padding included.
        rows: most prompts of one batch.

    Yields:
        For each batch, the numbers of its weighings with the log-likelihood of each continuation.
    """
    for batch in batches([len(one.prompt) for one in weighings], tokens=tokens, rows=rows):
        yield list(zip(batch, _weigh_batch(model, [weighings[i] for i in batch], pad, tokens), strict=True))


def _weigh_batch(model: Any, batch: Sequence[Weighing], pad: int, tokens: int) -> list[list[float]]:
    longest = max(len(one.prompt) for one in batch)
    ids = torch.full((len(batch), longest), pad)
    mask = torch.ones_like(ids)
    for i, one in enumerate(batch):
        ids[i, longest - len(one.prompt) :] = torch.tensor(one.prompt)
        mask[i, : longest - len(one.prompt)] = 0
    ids, mask = ids.to(model.device), mask.to(model.device)
    going_on = any(len(ids) > 1 for one in batch for ids in one.continuations)
    cache = make_cache(model.config) if going_on else None
    logits = model(
        input_ids=ids,
        attention_mask=None if bool(mask.all()) else mask,
        position_ids=(mask.cumsum(1) - 1).clamp(min=0),
        past_key_values=cache,
        use_cache=going_on,
        logits_to_keep=1,
    ).logits[:, -1]
    first = torch.log_softmax(logits.float(), -1)
    sums = [[float(first[i, ids[0]]) for ids in one.continuations] for i, one in enumerate(batch)]
    if cache is not None:
        _go_on(model, batch, sums, cache, mask, pad, tokens)
    return sums


def _go_on(
    model: Any,
    batch: Sequence[Weighing],
    sums: list[list[float]],
    cache: Any,
    mask: torch.Tensor,
    pad: int,
    tokens: int,
) -> None:
    """Add the tokens after the first: every continuation is a row that shares its prompt's keys and values."""
    rest = [
        (i, j, continuation)
        for i, one in enumerate(batch)
        for j, continuation in enumerate(one.continuations)
        if len(continuation) > 1
    ]
    width = mask.shape[1]
    prompts = [(layer.keys, layer.values) for layer in cache.layers]
    for part in batches([width + len(ids) - 1 for _, _, ids in rest], tokens=2 * tokens, rows=1024):
        members = [rest[k] for k in part]
        longest = max(len(ids) - 1 for _, _, ids in members)
        ids = torch.full((len(members), longest), pad)
        targets = torch.zeros_like(ids)
        real = torch.zeros_like(ids, dtype=torch.bool)
        for row, (_, _, continuation) in enumerate(members):
            length = len(continuation) - 1
            ids[row, :length] = torch.tensor(continuation[:-1])
            targets[row, :length] = torch.tensor(continuation[1:])
            real[row, :length] = True
        taken = torch.tensor([i for i, _, _ in members], device=mask.device)
        ids, targets, real = ids.to(mask.device), targets.to(mask.device), real.to(mask.device)
        shared = make_cache(model.config)
        for layer, (keys, values) in zip(shared.layers, prompts, strict=True):
            layer.update(keys[taken], values[taken])
        seen = torch.cat([mask[taken], torch.ones_like(ids)], 1)
        logits = model(
            input_ids=ids,
            attention_mask=seen,
            position_ids=mask[taken].sum(1, keepdim=True) + torch.arange(longest, device=mask.device),
            past_key_values=shared,
            use_cache=True,
        ).logits
        found = torch.log_softmax(logits[real].float(), -1).gather(-1, targets[real][:, None])[:, 0]
        per_row = torch.zeros(real.shape, device=mask.device).masked_scatter(real, found).double().sum(1).tolist()
        for (i, j, _), value in zip(members, per_row, strict=True):
            sums[i][j] += value
