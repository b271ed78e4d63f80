"""Estimates what asking would cost, before anything is sent."""

from collections.abc import Iterable
from dataclasses import dataclass

from hypnos.llm.chat import IN_PROCESS, ChatModel
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.requests import Request
from hypnos.llm.token_counts import most_tokens, usual_tokens

_TOKENS_A_SECOND = 40.0
"""What providers write for one request, about; and seconds until the first token. Replies in the journal say better."""
_FIRST_TOKEN = 1.0


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
        hours: expected, at the model's limits and at the pace of its earlier replies; None where nothing tells, such as
            of a model in this process that was never asked.
    """

    model: str
    requests: int
    held: int
    tokens_in: int
    tokens_out: int
    usd: float | None
    most_usd: float | None
    hours: float | None = 0.0

    def __str__(self) -> str:
        cost = "no price is known" if self.usd is None else f"about ${self.usd:.2f}, at most ${self.most_usd:.2f}"
        return (
            f"{self.model}: {self.requests:,} requests, {self.held:,} of them answered before;"
            f" {self.tokens_in:,} tokens in and {self.tokens_out:,} out to come: {cost}"
        )


def estimate(
    model: ChatModel, requests: Iterable[Request], *, journal: Journal, tokens_out: int, price_held: bool = False
) -> Estimate:
    """Count the requests that would be sent, and their tokens and dollars.

    Args:
        model: who would be asked.
        requests: all of them; streamed.
        journal: what it holds costs nothing.
        tokens_out: expected length of one reply.
        price_held: whether what the journal holds is priced as if it had to be sent, because it stands for others.
    """
    identity, price = model.identity(), model.batch_price() if model.batch else model.price()
    count = held = left = usual = most = 0
    known = journal.path.exists()
    settings = ""
    for request in requests:
        count += 1
        keys = RequestKeys(identity, request)
        if not model.journaled or (known and journal.holds(keys.sample(request.first_sample))):
            held += 1
            if not (price_held and model.journaled):
                continue
        left += 1
        settings = keys.settings_key
        usual += usual_tokens(request.messages)
        most += most_tokens(request.messages)
    tokens_out = min(tokens_out, model.max_tokens)  # a longer reply is cut off there
    return Estimate(
        model=model.name,
        requests=count,
        held=held,
        tokens_in=usual,
        tokens_out=left * tokens_out,
        usd=None if price is None else price.cost(usual, left * tokens_out),
        most_usd=None if price is None else price.most(most, left * model.max_tokens),
        hours=0.0
        if not left
        else _hours(model, left, usual, tokens_out, journal.usual_seconds(settings) if known else None),
    )


def _hours(model: ChatModel, requests: int, tokens_in: int, tokens_out: int, seconds: float | None) -> float | None:
    """The slowest of what limits a model: requests a minute, tokens a minute, and requests at once.

    Args:
        model: with its limits.
        requests: to be sent.
        tokens_in: of all prompts.
        tokens_out: of one reply.
        seconds: of one earlier reply under the same settings; None where there is none.
    """
    if seconds is None:
        if model.address == IN_PROCESS or model.batch:
            return None
        seconds = _FIRST_TOKEN + tokens_out / _TOKENS_A_SECOND
    minutes = [requests * seconds / model.in_flight / 60]
    minutes += [requests / model.requests_per_minute] if model.requests_per_minute else []
    minutes += [(tokens_in + requests * tokens_out) / model.tokens_per_minute] if model.tokens_per_minute else []
    return max(minutes) / 60 / len(model.addresses)
