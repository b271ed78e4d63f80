"""Computes the log-likelihood of each continuation of a prompt; what prompts have in common is read once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import torch

from hypnos.benchmark.inference.generate import batches
from hypnos.benchmark.inference.kv_cache import make_cache
from hypnos.benchmark.inference.output_head import CLOSE, OutputHead, PendingPositions
from hypnos.errors import UserError

SHARED_AT_LEAST = 8
"""Tokens that all prompts must share to be read apart."""


ALIKE = 0.85
"""Share of a batch's longest row that its others have at least, or a batch of their own."""


@dataclass(frozen=True, slots=True)
class LikelihoodRequest:
    """A prompt and what may follow it, as token ids."""

    prompt: tuple[int, ...]
    continuations: tuple[tuple[int, ...], ...]

    @property
    def longest(self) -> int:
        """Tokens of the prompt with its longest continuation."""
        return len(self.prompt) + max(map(len, self.continuations))


def encode(
    ids_of: Callable[[Sequence[str]], list[list[int]]], prompts: Sequence[str], endings: Sequence[Sequence[str]]
) -> list[LikelihoodRequest]:
    """Encode prompts, and each continuation as the tokens it adds to its prompt.

    A continuation is encoded with the prompt, as it would have been written after it, and not by itself. Spaces at
    the end of a prompt are read as the start of each continuation.

    Args:
        ids_of: token ids of texts that begin as prompts do.
        prompts: texts so far.
        endings: for each prompt, texts that may follow.

    Raises:
        UserError: a text adds no token.
    """
    heads = [prompt.rstrip(" ") for prompt in prompts]
    full = [f"{prompt}{ending}" for prompt, follow in zip(prompts, endings, strict=True) for ending in follow]
    encoded = ids_of([*heads, *full])
    before, after = encoded[: len(heads)], iter(encoded[len(heads) :])
    requests = [
        LikelihoodRequest(tuple(ids), tuple(tuple(next(after)[len(ids) :]) for _ in follow))
        for ids, follow in zip(before, endings, strict=True)
    ]
    for request, follow in zip(requests, endings, strict=True):
        for text, added in zip(follow, request.continuations, strict=True):
            if not added:
                raise UserError(f"{text!r} adds no token to the prompt before it: its likelihood cannot be told")
    return requests


@torch.inference_mode()
def compute_log_likelihoods(model: Any, requests: Sequence[LikelihoodRequest], *, tokens: int) -> list[list[float]]:
    """Log-likelihoods of continuations, in nats, summed over their tokens.

    All continuations of a prompt stand behind it in one row, each at the positions it would have alone, and none
    sees another: the prompt is read once, and so is what all prompts begin with.

    Args:
        model: a causal language model of transformers.
        requests: every continuation has at least one token.
        tokens: most tokens read together, padding included.
    """
    if not requests:
        return []
    head = OutputHead(model)
    if not keeps_branches_apart(head):
        return _one_by_one(head, requests, tokens)
    reading = _Reading(head, requests)
    sizes = [len(request.prompt) + sum(len(ids) - 1 for ids in request.continuations) for request in requests]
    for batch in batches([size - len(reading.shared) for size in sizes], tokens=tokens, rows=tokens, alike=ALIKE):
        reading.read(batch)
    return reading.finish()


@torch.inference_mode()
def keeps_branches_apart(head: OutputHead) -> bool:
    """Whether a model reads continuations beside each other as it reads them alone.

    Models whose attention does not go by the positions and the mask they are given do not.
    """
    trial = [LikelihoodRequest((3, 4, 5, 6), ((7, 8, 9), (10, 11), (12,)))]
    reading = _Reading(head, trial)
    try:
        reading.read([0])
    except (ValueError, RuntimeError, TypeError):  # a mask of this form is refused
        return False
    together, alone = reading.finish()[0], _one_by_one(head, trial, 64)[0]
    return all(abs(a - b) < CLOSE for a, b in zip(together, alone, strict=True))


def _one_by_one(head: OutputHead, requests: Sequence[LikelihoodRequest], tokens: int) -> list[list[float]]:
    """Read every continuation behind a prompt of its own, which is slow."""
    flat = [
        LikelihoodRequest((*request.prompt, *ids[:-1]), ((ids[-1],),))
        for request in requests
        for ids in request.continuations
    ]
    pending = PendingPositions(head)
    sums = [[0.0] for _ in flat]
    ends = [len(ids) for request in requests for ids in request.continuations]
    for batch in batches([len(request.prompt) for request in flat], tokens=tokens, rows=tokens):
        ids = _pad([flat[k].prompt for k in batch], head.model.device)
        states = head.states(input_ids=ids, use_cache=False)
        for row, k in enumerate(batch):
            text = (*flat[k].prompt, flat[k].continuations[0][0])
            first = len(text) - 1 - ends[k]
            targets = [[token] for token in text[first + 1 :]]
            pending.ask(states[row, first : len(text) - 1], targets, [partial(_add, sums[k], (0,))] * ends[k])
    pending.finish()
    values = iter(sums)
    return [[next(values)[0] for _ in request.continuations] for request in requests]


def _shared(prompts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Tokens with which all prompts begin, if that is worth it; each prompt keeps one at least for itself."""
    first, last = min(prompts), max(prompts)
    most = min(map(len, prompts)) - 1
    length = next((i for i in range(most) if first[i] != last[i]), most)
    return first[:length] if length >= SHARED_AT_LEAST and len(prompts) > 1 else ()


class _Reading:
    """Reads prompts in batches, a row for each with all its continuations."""

    def __init__(self, head: OutputHead, requests: Sequence[LikelihoodRequest]) -> None:
        self.head = head
        self.requests = requests
        self.device = head.model.device
        self.sums = [[0.0] * len(request.continuations) for request in requests]
        self.pending = PendingPositions(head)
        self.shared = _shared([request.prompt for request in requests])
        self.start = make_cache(head.model.config)
        if self.shared:
            ids = torch.tensor([list(self.shared)], device=self.device)
            head.states(input_ids=ids, past_key_values=self.start, use_cache=True)

    def read(self, batch: Sequence[int]) -> None:
        """Read the prompts with these numbers, and ask for the likelihoods of what follows them."""
        members = [self.requests[number] for number in batch]
        own = [request.prompt[len(self.shared) :] for request in members]
        rests = [[ids[:-1] for ids in request.continuations] for request in members]
        ids = _pad([(*begin, *chain(*rest)) for begin, rest in zip(own, rests, strict=True)], self.device)
        parts, positions = self._branches_and_positions(own, rests, ids.shape[1])
        branches = any(len(rest) for row in rests for rest in row)
        states = self.head.states(
            input_ids=ids,
            # Without branches plain causal attention does: padding stands behind, and no token of a prompt sees it.
            attention_mask=self._mask(parts) if branches else None,
            position_ids=positions,
            past_key_values=self._cache(len(batch)),
            use_cache=bool(self.shared),
        )
        for row, number in enumerate(batch):
            self._ask(states[row], number, len(own[row]))

    def finish(self) -> list[list[float]]:
        """The log-likelihoods of all continuations of all prompts."""
        self.pending.finish()
        return self.sums

    def _ask(self, states: torch.Tensor, number: int, length: int) -> None:
        """Ask at the prompt's last token for all first tokens, and at each token of a branch for the next one."""
        continuations = self.requests[number].continuations
        targets: list[list[int]] = [[ids[0] for ids in continuations]]
        takers = [partial(_add, self.sums[number], range(len(continuations)))]
        for j, ids in enumerate(continuations):
            targets += [[token] for token in ids[1:]]
            takers += [partial(_add, self.sums[number], (j,))] * (len(ids) - 1)
        self.pending.ask(states[length - 1 : length - 1 + len(targets)], targets, takers)

    def _branches_and_positions(
        self, own: Sequence[Sequence[int]], rests: Sequence[Sequence[Sequence[int]]], width: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """For each token its branch (0: the prompt) and its position; `(rows, width)` each."""
        parts = torch.zeros((len(own), width), dtype=torch.long)
        positions = torch.arange(width).repeat(len(own), 1)
        for row, (begin, branches) in enumerate(zip(own, rests, strict=True)):
            at = len(begin)
            for number, branch in enumerate(branches, 1):
                parts[row, at : at + len(branch)] = number
                positions[row, at : at + len(branch)] = torch.arange(len(begin), len(begin) + len(branch))
                at += len(branch)
        return parts.to(self.device), positions.to(self.device) + len(self.shared)

    def _mask(self, parts: torch.Tensor) -> torch.Tensor:
        """What each token sees, `(rows, 1, tokens, shared + tokens)`: 0, or the lowest number there is."""
        width = parts.shape[1]
        earlier = torch.ones((width, width), dtype=torch.bool, device=self.device).tril()
        seen = earlier & ((parts == 0)[:, None] | (parts[:, None] == parts[:, :, None]))
        seen = torch.nn.functional.pad(seen, (len(self.shared), 0), value=True)[:, None]
        dtype = self.head.model.dtype
        return torch.zeros(seen.shape, dtype=dtype, device=self.device).masked_fill(~seen, torch.finfo(dtype).min)

    def _cache(self, rows: int) -> Any:
        """Keys and values of what is shared, for each row."""
        if not self.shared:
            return None
        cache = make_cache(self.head.model.config)
        for layer, other in zip(cache.layers, self.start.layers, strict=True):
            layer.update(other.keys.expand(rows, -1, -1, -1), other.values.expand(rows, -1, -1, -1))
        return cache


def _pad(rows: Sequence[Sequence[int]], device: Any) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)


def _add(sums: list[float], numbers: Sequence[int], values: list[float]) -> None:
    for number, value in zip(numbers, values, strict=True):
        sums[number] += value
