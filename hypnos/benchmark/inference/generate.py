"""Generates: continues many prompts at once, greedily or by sampling, and takes out the rows that have ended."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from hypnos.benchmark.inference.kv_cache import make_cache
from hypnos.benchmark.inference.padding import LeftPadding
from hypnos.errors import UserError

Ended = Callable[[list[int]], bool]
"""Whether an answer, given as its tokens so far, has come to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a token is drawn.

    Attributes:
        temperature: 0 takes the likeliest token.
        top_p: drawn from the smallest set of tokens that holds this much probability.
        seed: of all draws; one answer's draws depend on it, on the item and on the repeat, and not on the batch.
        repeats: answers to each question.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    repeats: int = 1

    def key(self) -> dict[str, float]:
        """What decides the answers."""
        return {"repeats": self.repeats} | (
            {"temperature": self.temperature, "top_p": self.top_p, "seed": self.seed} if self.temperature else {}
        )

    def __post_init__(self) -> None:
        if self.temperature < 0 or not 0 < self.top_p <= 1 or self.repeats < 1:
            raise UserError(
                f"sampling: need temperature {self.temperature} at least 0, top_p {self.top_p} in (0, 1] and "
                f"repeats {self.repeats} at least 1"
            )
        if self.temperature == 0 and self.repeats > 1:
            raise UserError(f"sampling: {self.repeats} repeats of greedy answers are all the same; set a temperature")

    def draws(self, item: str, repeat: int, count: int) -> np.ndarray | None:
        """Uniform numbers of one answer, `(count,)`; None where nothing is drawn."""
        if self.temperature == 0:
            return None
        digest = hashlib.sha256(f"{self.seed}\0{item}\0{repeat}".encode()).digest()
        return np.random.Generator(np.random.Philox(int.from_bytes(digest[:8], "big"))).random(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One prompt of a batch.

    Attributes:
        prompt: token ids.
        limit: most tokens to write.
        draws: uniform numbers, one for each token, `(limit,)`; None: greedy.
    """

    prompt: Sequence[int]
    limit: int
    draws: np.ndarray | None = None


def batches(sizes: Sequence[int], *, tokens: int, rows: int, alike: float = 0.0) -> list[list[int]]:
    """Group rows of like size, the largest first, so that little is padded and memory fails early or not at all.

    Args:
        sizes: tokens of each row, written ones included.
        tokens: most tokens of a group, padding included.
        rows: most rows of a group.
        alike: a group a quarter full takes no row that is smaller than this share of its largest.
    """
    order = sorted(range(len(sizes)), key=lambda i: (-sizes[i], i))
    groups: list[list[int]] = []
    for i in order:
        if groups:
            largest, members = sizes[groups[-1][0]], len(groups[-1])
            full = members == rows or (members + 1) * largest > tokens
            odd = sizes[i] < alike * largest and 4 * members * largest > tokens
        if not groups or full or odd:
            groups.append([])
        groups[-1].append(i)
    return groups


@torch.inference_mode()
def decode(
    model: Any,
    rows: Sequence[BatchRow],
    *,
    stops: set[int],
    pad: int,
    sampling: Sampling | None = None,
    ended: Ended | None = None,
) -> list[tuple[list[int], bool]]:
    """Continue the prompts of one batch.

    Args:
        model: a causal language model of transformers.
        rows: the batch; memory holds all of it at once.
        stops: ids that end an answer; they are no part of it.
        pad: id put before shorter prompts.
        sampling: None, or temperature 0: greedy.
        ended: looked at after each token of each row, for ends that are several tokens long.

    Returns:
        The tokens written for each row, and whether it ended by itself.
    """
    device = model.device
    padding = LeftPadding([len(row.prompt) for row in rows], more=max(row.limit for row in rows), model=model)
    longest, positions = padding.longest, padding.positions()
    ids = torch.tensor([[pad] * (longest - len(row.prompt)) + list(row.prompt) for row in rows], device=device)
    written: list[list[int]] = [[] for _ in rows]
    finished = [False] * len(rows)
    alive = list(range(len(rows)))
    cache = make_cache(model.config)
    for step in range(max(row.limit for row in rows)):
        logits = model(
            input_ids=ids,
            attention_mask=padding.mask(longest + step),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        chosen = _choose(logits, [rows[i] for i in alive], step, sampling)
        stay = []
        for position, (i, token) in enumerate(zip(alive, chosen.tolist(), strict=True)):
            if token in stops:
                finished[i] = True
                continue
            written[i].append(token)
            if ended is not None and ended(written[i]):
                finished[i] = True
            elif step + 1 < rows[i].limit:
                stay.append(position)
        if not stay:
            break
        positions = positions[:, -1:] + 1
        if len(stay) < len(alive):
            keep = torch.tensor(stay, device=device)
            alive = [alive[position] for position in stay]
            cache.batch_select_indices(keep)
            padding.keep(keep)
            positions, chosen = positions[keep], chosen[keep]
        ids = chosen[:, None]
    return list(zip(written, finished, strict=True))


def _choose(logits: torch.Tensor, rows: Sequence[BatchRow], step: int, sampling: Sampling | None) -> torch.Tensor:
    """The next token of each row, `(rows,)`."""
    if sampling is None or sampling.temperature == 0:
        return _likeliest(logits)
    probabilities, order = torch.softmax(logits.double() / sampling.temperature, -1).sort(-1, descending=True)
    reached = probabilities.cumsum(-1)
    # A token is in the set while those before it hold less than top_p; the first always is.
    allowed = (reached - probabilities) < sampling.top_p
    total = (probabilities * allowed).sum(-1, keepdim=True)
    draws = torch.tensor([row.draws[step] if row.draws is not None else 0.0 for row in rows], device=logits.device)
    ranks = torch.searchsorted(reached, draws[:, None].double() * total)
    ranks = torch.minimum(ranks, allowed.sum(-1, keepdim=True) - 1)
    return order.gather(-1, ranks)[:, 0]


def _likeliest(logits: torch.Tensor) -> torch.Tensor:
    """The first of the largest of each row; on a CPU, NumPy finds it in a tenth of torch's time."""
    if logits.device.type != "cpu":
        return logits.argmax(-1)
    return torch.from_numpy(logits.float().numpy().argmax(-1))
