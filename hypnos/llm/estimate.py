"""Estimates what asking would cost, before anything is sent."""

from collections.abc import Iterable
from dataclasses import dataclass

from hypnos.llm.chat import ChatModel
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.requests import Request
from hypnos.llm.token_counts import most_tokens, usual_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The outcome of a dry run.

    Attributes:
        model: its name.
        requests: how many there are.
        held: how many of them the journal answers for nothing.
        tokens_in: expected, of the prompts that would be sent.
        tokens_out: expected, of their replies.
        usd: expected dollars; None where no price is known.
        most_usd: if every reply were as long as it may be, and no reply had to be asked for twice.
    """

    model: str
    requests: int
    held: int
    tokens_in: int
    tokens_out: int
    usd: float | None
    most_usd: float | None

    def __str__(self) -> str:
        cost = "no price is known" if self.usd is None else f"about ${self.usd:.2f}, at most ${self.most_usd:.2f}"
        return (
            f"{self.model}: {self.requests:,} requests, {self.held:,} of them answered before;"
            f" {self.tokens_in:,} tokens in and {self.tokens_out:,} out to come: {cost}"
        )


def estimate(model: ChatModel, requests: Iterable[Request], *, journal: Journal, tokens_out: int) -> Estimate:
    """Count the requests that would be sent, and their tokens and dollars.

    Args:
        model: who would be asked.
        requests: all of them; streamed.
        journal: what it holds costs nothing.
        tokens_out: expected length of one reply.
    """
    identity, price = model.identity(), model.price()
    count = held = usual = most = 0
    known = journal.path.exists()
    for request in requests:
        count += 1
        if not model.journaled or (
            known and journal.holds(RequestKeys(identity, request).sample(request.first_sample))
        ):
            held += 1
            continue
        usual += usual_tokens(request.messages)
        most += most_tokens(request.messages)
    left = count - held
    tokens_out = min(tokens_out, model.max_tokens)  # a longer reply is cut off there
    return Estimate(
        model=model.name,
        requests=count,
        held=held,
        tokens_in=usual,
        tokens_out=left * tokens_out,
        usd=None if price is None else price.cost(usual, left * tokens_out),
        most_usd=None if price is None else price.cost(most, left * model.max_tokens),
    )
