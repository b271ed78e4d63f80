"""Says what of a budget is spent, and who holds the rest of it while a request waits."""

import logging
import math
import time

from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.ledger import Promised

log = logging.getLogger(__name__)

_TELL_EVERY = 30.0  # seconds that a request waits before the log is told why, and between two such lines


class BudgetWords:
    """Of one model's requests under one budget."""

    def __init__(self, name: str, *, journal: Journal, budget: Budget) -> None:
        """Take whose words they are.

        Args:
            name: the model's.
            journal: holds what was spent.
            budget: what may be spent.
        """
        self._name = name
        self._journal = journal
        self._budget = budget
        self._told = -math.inf

    def waiting(self, promised: Promised, since: float) -> None:
        """Log now and then whom the budget is promised to, for a request that waits since a moment."""
        now = time.monotonic()
        if now - max(since, self._told) >= _TELL_EVERY:
            self._told = now
            log.info(
                "llm %s: waiting for the budget of %r: %s promised to requests under way, %s to open batches",
                *(self._name, self._budget.account, _sum(*promised.under_way), _sum(*promised.in_batches)),
            )

    def reached(self) -> str:
        """The next request may pass the budget, whatever those under way turn out to cost."""
        return (
            f"budget: {self._spent()} spent under the account {self._budget.account!r}, and the next request to"
            f" {self._name} may pass it; every reply is kept: start again with a larger budget to go on"
        )

    def held_by_batches(self, promised: Promised) -> str:
        """The rest is promised to batches that nobody collects here."""
        return (
            f"budget: {self._spent()} spent under the account {self._budget.account!r}, and batches that were sent"
            f" before and not collected hold {_sum(*promised.in_batches)} more, so that the next request to"
            f" {self._name} may pass it: start again as they were sent (prompts, model, batch) to collect them, or with"
            " a larger budget"
        )

    def _spent(self) -> str:
        usd, tokens = self._journal.spent(self._budget.account)
        limits = []
        if self._budget.usd is not None:
            limits.append(f"${usd:.4f} of budget.usd={self._budget.usd:g}")
        if self._budget.tokens is not None:
            limits.append(f"{tokens:,} of budget.tokens={self._budget.tokens}")
        return " and ".join(limits)


def _sum(usd: float, tokens: int) -> str:
    return f"${usd:.4f} and {tokens:,} tokens"
