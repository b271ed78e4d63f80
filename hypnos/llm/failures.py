"""Errors that concern one request; those that the user must mend are `UserError`."""


class TransientError(Exception):
    """Asked again later, it may work: too many requests, a server's fault, a cut connection, a time-out.

    Attributes:
        reason: a short code that is counted: `429`, `503`, `timeout`, `connection`.
        retry_after: seconds the server asks to wait; None where it does not say.
        billed: whether the provider may have answered and billed all the same.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, billed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.billed = billed


class RefusedError(Exception):
    """The provider will not answer this prompt, while others may be answered.

    Attributes:
        lasting: whether it never will (its filter, the prompt's length), so that the refusal is kept like a reply.
    """

    def __init__(self, reason: str, detail: str, *, lasting: bool) -> None:
        super().__init__(f"{reason}: {detail}")
        self.lasting = lasting


class GaveUpError(Exception):
    """No reply came, however often the request was sent; another run may send it again."""
