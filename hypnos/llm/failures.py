"""What can go wrong with one request, beside what the user must mend (`UserError`)."""


class Passing(Exception):
    """A failure that may pass: too many requests, a server's fault, a cut connection, a time-out.

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


class Refused(Exception):
    """The provider will not answer this prompt, while others may be answered.

    Attributes:
        lasting: whether it never will (its filter, the prompt's length), so that the refusal is kept like a reply.
    """

    def __init__(self, reason: str, detail: str, *, lasting: bool) -> None:
        super().__init__(f"{reason}: {detail}")
        self.lasting = lasting
