"""Counts what was sent to a model, what came back, and what did not."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """What a sender did since it was opened.

    Attributes:
        sent: requests that were sent, the repeated ones included.
        replies: replies that were committed, refusals included.
        failures: by reason, requests sent without a reply.
        cost: dollars, of replies and of failures that may be billed.
        pace: requests a second that the provider allows, as far as it has shown; None while it has not.
    """

    sent: int = 0
    replies: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    cost: float = 0.0
    pace: float | None = None
