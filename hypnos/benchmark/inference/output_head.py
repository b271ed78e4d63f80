"""Computes the last layer at the positions that are needed and at no others: with a large vocabulary, half the work."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch

log = logging.getLogger(__name__)

BLOCK = 4000
"""Pieces of the vocabulary whose scores are in memory together: they stay in a processor's cache."""

Taker = Callable[[list[float]], None]
"""Takes the log-likelihoods at one position."""

CLOSE = 1e-3
"""Largest difference of scores between the two ways, beyond rounding of half precision."""


class OutputHead:
    """A causal language model in two parts: its layers, and the scores over the vocabulary."""

    def __init__(self, model: Any) -> None:
        """Take the model apart, and check that nothing else happens between its parts.

        Some models scale or cap their scores: those are used whole.
        """
        self.model = model
        self._layers = model.get_decoder() if hasattr(model, "get_decoder") else None
        self._head = model.get_output_embeddings()
        if self._layers is None or type(self._head) is not torch.nn.Linear or not self._parts_are_all(model):
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
        rows = torch.tensor([row for row, tokens in enumerate(targets) for _ in tokens], device=states.device)
        columns = torch.tensor([token for tokens in targets for token in tokens], device=states.device)
        if self._layers is None:
            log_likelihoods = torch.log_softmax(_wide(states), -1)[rows, columns]
        else:
            weight, bias = self._head.weight, self._head.bias
            logits = (_wide(states[rows]) * _wide(weight[columns])).sum(-1)
            logits = logits + (0.0 if bias is None else _wide(bias[columns]))
            log_likelihoods = logits - self._log_sum_exp(states)[rows]
        values = iter(log_likelihoods.tolist())
        return [[next(values) for _ in tokens] for tokens in targets]

    def _log_sum_exp(self, states: torch.Tensor) -> torch.Tensor:
        """Logarithm of the sum of the exponentials of all scores, `(N,)`, a block of the vocabulary at a time."""
        weight, bias = self._head.weight, self._head.bias
        total = _wide(states.new_full((len(states),), -torch.inf))
        for start in range(0, len(weight), BLOCK):
            part = slice(start, start + BLOCK)
            scores = torch.nn.functional.linear(states, weight[part], None if bias is None else bias[part])
            total = torch.logaddexp(total, _wide(scores).logsumexp(-1))
        return total

    @torch.inference_mode()
    def _parts_are_all(self, model: Any) -> bool:
        ids = torch.arange(3, 7, device=model.device)[None]
        whole = model(input_ids=ids, use_cache=False).logits
        assert self._layers is not None
        parts = self._head(self._layers(input_ids=ids, use_cache=False).last_hidden_state)
        return whole.shape == parts.shape and bool((whole - parts).abs().max() < CLOSE)


class PendingPositions:
    """Collects positions whose scores are asked for: the last layer costs as much for one as for many."""

    AT_ONCE = 256
    """Positions scored together: with fewer the weights are fetched too often."""

    def __init__(self, head: OutputHead) -> None:
        self._head = head
        self._states: list[torch.Tensor] = []
        self._targets: list[Sequence[int]] = []
        self._takers: list[Taker] = []

    def ask(self, states: torch.Tensor, targets: Sequence[Sequence[int]], takers: Sequence[Taker]) -> None:
        """Ask for log-likelihoods; each position's go to its taker, at the latest when `finish` is called."""
        self._states.append(states)
        self._targets += targets
        self._takers += takers
        while len(self._targets) >= self.AT_ONCE:
            self._answer(self.AT_ONCE)

    def finish(self) -> None:
        """Answer what is left."""
        if self._targets:
            self._answer(len(self._targets))

    def _answer(self, count: int) -> None:
        states = torch.cat(self._states)
        log_likelihoods = self._head.log_likelihoods(states[:count], self._targets[:count])
        takers = self._takers[:count]
        self._states, self._targets, self._takers = [states[count:]], self._targets[count:], self._takers[count:]
        for taker, values in zip(takers, log_likelihoods, strict=True):
            taker(values)


def _wide(values: torch.Tensor) -> torch.Tensor:
    """Values in float32 at least: half precision is too coarse to add up log-likelihoods in."""
    return values if values.dtype in (torch.float32, torch.float64) else values.float()
