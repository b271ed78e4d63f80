"""Generates: continues many prompts at once, greedily or by sampling, and takes out the rows that have ended."""

import hashlib
import math
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


@dataclass(frozen=True, slots=True)
class ThoughtBudget:
    """When a thought is ended that does not end by itself.

    Attributes:
        tokens: looked at once, when a row has so many, or where it stops before.
        closing: what is written into a row in place of its next tokens, at most `longest`; nothing where its tokens
            so far end outside a thought.
        longest: most tokens of `closing`.
    """

    tokens: int
    closing: Callable[[list[int]], list[int]]
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One prompt of a batch.

    Attributes:
        prompt: token ids.
        limit: most tokens to write, those of a thought included.
        draws: uniform numbers, one for each token, `(room,)`; None: greedy.
        thought: None: a thought goes on to the limit.
    """

    prompt: Sequence[int]
    limit: int
    draws: np.ndarray | None = None
    thought: ThoughtBudget | None = None

    @property
    def room(self) -> int:
        """Most tokens that may stand behind the prompt."""
        return self.limit + (self.thought.longest if self.thought else 0)


@dataclass(slots=True)
class _Written:
    """What a row has so far.

    Attributes:
        tokens: all of them, those that ended the thought included.
        limit: most tokens.
        budget: of a thought that has not been looked at.
        due: tokens that end the thought and are still to be written, the next one last.
        closing: how many of the tokens ended the thought.
    """

    tokens: list[int]
    limit: int
    budget: ThoughtBudget | None
    due: list[int]
    finished: bool = False
    closing: int = 0

    def add(self, token: int, *, stops: bool, ended: Ended | None) -> int | None:
        """Add a token; returns that which the model goes on with, or None where the row has ended."""
        if self.due:
            token, stops = self.due.pop(), False
        elif self.budget is not None and (stops or len(self.tokens) >= self.budget.tokens):
            budget, self.budget = self.budget, None
            closing = budget.closing(self.tokens)
            if closing:
                self.closing, stops = len(closing), False
                # The answer has what the thought does not count towards.
                self.limit = len(self.tokens) + len(closing) + self.limit - budget.tokens
                token, *self.due = closing[0], *reversed(closing[1:])
        if stops:
            self.finished = True
            return None
        self.tokens.append(token)
        if not self.due and ended is not None and ended(self.tokens):
            self.finished = True
        return None if self.finished or len(self.tokens) >= self.limit else token


def batches(
    sizes: Sequence[int], *, tokens: int, rows: int, padding: float = math.inf, alike: float = 0.0
) -> list[list[int]]:
    """Group rows of like size, the largest first, so that little is padded and memory fails early or not at all.

    Args:
        sizes: tokens of each row, written ones included.
        tokens: most tokens of a group, padding included.
        rows: most rows of a group.
        padding: most tokens of a group that are padding: where reading them would take longer than a group more.
        alike: a group a quarter full takes no row that is smaller than this share of its largest.
    """
    order = sorted(range(len(sizes)), key=lambda i: (-sizes[i], i))
    groups: list[list[int]] = []
    padded = 0
    for i in order:
        if groups:
            largest, members = sizes[groups[-1][0]], len(groups[-1])
            padded += largest - sizes[i]
            full = members == rows or (members + 1) * largest > tokens or padded > padding
            odd = sizes[i] < alike * largest and 4 * members * largest > tokens
        if not groups or full or odd:
            groups.append([])
            padded = 0
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
) -> list[tuple[list[int], bool, int]]:
    """Continue the prompts of one batch.

    Args:
        model: a causal language model of transformers.
        rows: the batch; memory holds all of it at once.
        stops: ids that end an answer; they are no part of it.
        pad: id put before shorter prompts.
        sampling: None, or temperature 0: greedy.
        ended: looked at after each token of each row, for ends that are several tokens long.

    Returns:
        The tokens written for each row, whether it ended by itself, and how many of the tokens ended its
        thought for it.
    """
    device = model.device
    room = max(row.room for row in rows)
    padding = LeftPadding([len(row.prompt) for row in rows], more=room, model=model)
    longest, positions = padding.longest, padding.positions()
    ids = torch.tensor([[pad] * (longest - len(row.prompt)) + list(row.prompt) for row in rows], device=device)
    written = [_Written([], row.limit, row.thought, []) for row in rows]
    alive = list(range(len(rows)))
    cache = make_cache(model.config)
    for step in range(room):
        logits = model(
            input_ids=ids,
            attention_mask=padding.mask(longest + step),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        chosen = _choose(logits, [rows[i] for i in alive], step, sampling).tolist()
        stay = []
        for position, i in enumerate(alive):
            token = written[i].add(chosen[position], stops=chosen[position] in stops, ended=ended)
            if token is not None:
                stay.append(position)
                chosen[position] = token
        if not stay:
            break
        positions = positions[:, -1:] + 1
        if len(stay) < len(alive):
            keep = torch.tensor(stay, device=device)
            alive = [alive[position] for position in stay]
            cache.batch_select_indices(keep)
            padding.keep(keep)
            positions, chosen = positions[keep], [chosen[position] for position in stay]
        ids = torch.tensor(chosen, device=device)[:, None]
    return [(row.tokens, row.finished, row.closing) for row in written]


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
