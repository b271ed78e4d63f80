"""Draws the documents of an epoch: each source by its weight, or up to a budget of what is learnt."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypnos.data.batch import LOSS_TOKENS
from hypnos.data.pack import Indices
from hypnos.errors import UserError

BUDGETS = {"learnt_tokens": LOSS_TOKENS, "learnt_characters": "characters"}
"""By the setting of a budget, the column that holds what a document takes of it."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """How much of each source an epoch sees.

    Attributes:
        weights: by source, how often each of its documents is seen: 0.5 takes half of them, 2 takes each twice.
        budget: by setting, one of `BUDGETS` at most, how much of it an epoch has.
        seed: of what is drawn.
    """

    weights: Mapping[str, float]
    budget: Mapping[str, int]
    seed: int

    def choose(self, counts: Mapping[str, int]) -> Indices:
        """Documents of an epoch: each source as often as its weight says, the broken part drawn by the seed.

        Args:
            counts: documents of each source; they are numbered through, from the first source to the last.
        """
        chosen = []
        start = 0
        for name, count in counts.items():
            repeats, part = divmod(self.weights[name], 1)
            everyone = np.arange(start, start + count)
            drawn = np.random.default_rng(self.seed).permutation(everyone)[: round(part * count)]
            chosen += [everyone] * int(repeats) + [np.sort(drawn)]
            start += count
        return np.concatenate(chosen)

    def fill(self, chosen: Indices, costs: NDArray, budget: int) -> Indices:
        """Whole documents, gone through in an order drawn anew each time, until a budget is reached.

        Args:
            chosen: documents to draw from.
            costs: `(documents,)`, what each takes of the budget, also of those that are not chosen.
            budget: to reach.
        """
        if not costs[chosen].sum():
            return chosen
        draw = np.random.default_rng([self.seed, budget])
        rounds = -(-budget // int(costs[chosen].sum()))
        order = np.concatenate([draw.permutation(chosen) for _ in range(rounds)])
        reached = np.cumsum(costs[order].astype(np.int64))
        return np.sort(order[: int(np.searchsorted(reached, budget)) + 1])


def make_mixture(
    sources: Mapping[str, object],
    *,
    weights: Mapping[str, float] | None,
    budgets: Mapping[str, int | None],
    seed: int,
) -> Mixture:
    """Check the settings of a mixture.

    Args:
        sources: by name.
        weights: of some sources; the others have 1.
        budgets: each of `BUDGETS`, None where it is not set.
        seed: of what is drawn.

    Raises:
        UserError: a weight is not above 0 or is of no source, or there are two budgets, or an empty one.
    """
    complete = dict.fromkeys(sources, 1.0) | {name: float(weight) for name, weight in (weights or {}).items()}
    if complete.keys() != sources.keys() or min(complete.values()) <= 0:
        raise UserError(f"data.weights {dict(weights or {})}: must be above 0, for sources {', '.join(sources)}")
    budget = {setting: number for setting, number in budgets.items() if number is not None}
    if len(budget) > 1 or min(budget.values(), default=1) < 1:
        raise UserError(f"data: {budget}: one of {' and '.join(budgets)} at most, and above 0")
    return Mixture(complete, budget, seed)
