"""Errors that concern one request or the state of a provider; those that the user must mend are `UserError`.

The rule, for steps, predictions and verdicts alike: only a reply, or a refusal of that very prompt by its content, is
an answer. Every other failure of asking ends the run, and the same command asks again.
"""

import re

from hypnos.errors import UserError


class TransientError(Exception):
    """Sent again, the request may work: a server's fault, a cut connection, a time-out.

    Attributes:
        reason: a short code that is counted: `500`, `timeout`, `connection`.
        words: what the provider or the network said.
        retry_after: seconds the server asks to wait; None where it does not say.
        billed: whether the provider may have answered and billed all the same.
    """

    def __init__(self, reason: str, *, words: str = "", retry_after: float | None = None, billed: bool = False) -> None:
        super().__init__(f"{reason}: {words}" if words else reason)
        self.reason = reason
        self.words = words
        self.retry_after = retry_after
        self.billed = billed


class BusyError(Exception):
    """The provider takes no requests for now, whichever they are; nothing was done and nothing is billed.

    Attributes:
        reason: a short code that is counted: `429`, `503`, `no connection`.
        words: what the provider or the network said.
        wait: seconds until it takes requests again, where it says so.
        paced: whether it counts requests or tokens, so that a slower pace would not have been refused; otherwise it is
            overloaded, reloads or is away.
        reached: whether it answered at all, so that the address is right.
    """

    def __init__(
        self, reason: str, *, words: str = "", wait: float | None = None, paced: bool = True, reached: bool = True
    ) -> None:
        super().__init__(f"{reason}: {words}" if words else reason)
        self.reason = reason
        self.words = words
        self.wait = wait
        self.paced = paced
        self.reached = reached


class RefusedError(Exception):
    """The provider will never answer this prompt, for its content or its length, while it answers others.

    The refusal is kept like a reply.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")


class StoppedError(UserError):
    """A model is asked nothing more; what it answered before is kept, and can be reported."""


class BudgetReachedError(StoppedError):
    """The next request may cost more than is left."""


class UnreadableError(StoppedError):
    """So many replies in a row cannot be read that further ones would be paid for in vain."""


class GaveUpError(Exception):
    """No reply came, however often the request was sent; another run may send it again."""


_FAILED = re.compile(r"(?:^|; |: )(?:failed: |refused: bad request)")


def tells_of_failure(reason: str) -> bool:
    """Whether a reason that an earlier version kept for a missing value tells of asking that failed.

    Such versions took a request that the provider rejected for its account, its model's name or its parameters, and one
    that was given up, for an answer. No reason that is written today reads so.
    """
    return bool(_FAILED.search(reason))
