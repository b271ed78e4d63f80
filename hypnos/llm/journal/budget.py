"""Limits what may be spent, in dollars or in tokens."""

import math

from hypnos.artefacts.ranges import Count, Positive
from hypnos.errors import UserError


class Budget:
    """A limit in dollars, in tokens, or in both; None is no limit.

    What counts is everything that was ever asked under the same `account` of a journal, by any process: raise
    the limit to go on. Requests that are under way count at their highest possible cost, and so do those that
    timed out or whose process was killed, because the provider may bill them.
    """

    def __init__(self, *, usd: Positive | None = None, tokens: Count | None = None, account: str = "all") -> None:
        """Check and take the limits.

        Raises:
            UserError: a limit is 0, negative or no number.
        """
        for name, limit in (("usd", usd), ("tokens", tokens)):
            if limit is None:
                continue
            if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
                raise UserError(f"budget.{name}: {limit!r}: not a number (null for no limit)")
            if limit <= 0:
                raise UserError(f"budget.{name}: {limit}: nothing could be asked (null for no limit)")
        self.usd = usd
        self.tokens = tokens
        self.account = account
