"""Defines a chat model: a name, an address, what makes it answer as it does, and one method; and its reply."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from hypnos.errors import UserError
from hypnos.llm.requests import Message

IN_PROCESS = "in process"
"""Address of a model that runs in this process: nothing leaves the machine."""


CUT_FINISHES = ("length", "max_tokens", "MAX_TOKENS", "model_context_window_exceeded", "repetition_truncation")
"""What a provider says where a reply was cut off: at the most tokens it may have, or for going round in circles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLimits:
    """How long a reply may be, and whether its model thinks before it.

    Attributes:
        tokens: most tokens of the reply, those of its thought included.
        thinking: `on`, `off`, or `as_is` for what the model does by itself.
        thought: most tokens of the thought, where the provider keeps to that; None: nothing is said.
        resumed: the last message is the beginning of the reply, and the model goes on with it.
    """

    tokens: int
    thinking: str = "as_is"
    thought: int | None = None
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Dollars per token.

    Attributes:
        input: of a prompt.
        output: of a reply, its thought included.
        cached: of a prompt's tokens that the provider had in its cache; None for the price of others.
        written: of a prompt's tokens that it puts there; None as above.
        thinking: of a reply's tokens that are thought; None for the price of others.
        whole: whether a reply that holds a thought is at the price of thought as a whole, its answer too.
    """

    input: float
    output: float
    cached: float | None = None
    written: float | None = None
    thinking: float | None = None
    whole: bool = False

    def cost(
        self,
        tokens_in: int,
        tokens_out: int,
        tokens_cached: int = 0,
        *,
        tokens_written: int = 0,
        tokens_thought: int = 0,
    ) -> float:
        """Dollars of one reply; its tokens cached, written and thought are among those in and out."""
        cached = min(tokens_cached, tokens_in)
        written = min(tokens_written, tokens_in - cached)
        thought = tokens_out if self.whole and tokens_thought else min(tokens_thought, tokens_out)
        return (
            (tokens_in - cached - written) * self.input
            + cached * (self.input if self.cached is None else self.cached)
            + written * (self.input if self.written is None else self.written)
            + (tokens_out - thought) * self.output
            + thought * (self.output if self.thinking is None else self.thinking)
        )

    def most(self, tokens_in: int, tokens_out: int) -> float:
        """The most dollars of so many tokens: all of a reply may be thought."""
        thought = tokens_out if self.thinking is not None and self.thinking > self.output else 0
        return self.cost(tokens_in, tokens_out, tokens_thought=thought)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply as it is kept.

    Attributes:
        text: as returned, unchanged.
        model: the name the provider returned; models are retired and renamed.
        tokens_in: of the prompt.
        tokens_out: of the reply.
        cost: dollars; None where no price is known.
        seconds: from sending to the last byte.
        date: when it came, UTC, ISO 8601.
        finish: why the model stopped: `stop`, `length`, ...
        refusal: why the provider will never answer this prompt (its filter, its length); empty for a reply.
        extra: what else the provider returned that may matter: its id of the reply, reasoning, fingerprint.
    """

    text: str
    model: str
    tokens_in: int
    tokens_out: int
    cost: float | None
    seconds: float
    date: str
    finish: str = "stop"
    refusal: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


class ChatModel(ABC):
    """A model that answers chats.

    Attributes:
        name: how errors and tables call it.
        model: the provider's name of the model.
        address: where prompts go: a URL, a provider's name, or `IN_PROCESS`; of several, the one that names it in keys.
        parameters: what else decides the answer (temperature, max_tokens, ...).
        in_flight: how many requests it takes at once.
        journaled: whether replies are kept in the client's journal; false where they are one already.
        portable: whether worker processes may ask it too; false for what lives in this process.
        batch: requests to send through the provider's batch endpoint at once; None to ask one by one.
        max_tokens: the longest reply, for reservations.
        requests_per_minute: None for no limit.
        tokens_per_minute: None for no limit.
        free: whether replies cost nothing, so that a measured model that says nothing is asked to the end.
        stays_local: whether prompts that must not leave the machine may go to this address.
    """

    name: str
    model: str
    address: str = IN_PROCESS
    parameters: Mapping[str, Any] = {}
    in_flight: int = 1
    journaled: bool = True
    portable: bool = False
    batch: int | None = None
    max_tokens: int = 1024
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    free: bool = False
    stays_local: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses at which the same model answers."""
        return (self.address,)

    def servers(self) -> "Sequence[ChatModel]":
        """The model at each of its addresses alone; limits hold for each of them."""
        return (self,)

    def prepare(self) -> None:  # noqa: B027 (most have nothing to load)
        """Load what is slow to load, before the first request.

        Raises:
            UserError: a key, a file or a library is missing.
        """

    def close(self) -> None:  # noqa: B027 (as above)
        """Free what asking needed; the next question prepares anew."""

    def stay_local(self, hosts: Sequence[str]) -> None:
        """From now on, follow no server on these hosts that sends a request on to another address."""
        self.stays_local = self.is_local(hosts)

    def limited(self, limits: ReplyLimits) -> "ChatModel":
        """The same model with replies of another length, or that thinks otherwise; here: as it is.

        Raises:
            UserError: it cannot be told to think, or not to.
        """
        if limits.thinking != "as_is":
            raise UserError(f"llm {self.name}: thinking cannot be switched {limits.thinking}")
        return self

    def ends_thoughts(self) -> Literal["never", "by itself", "when resumed"]:
        """How a thought comes to an end that reaches its tokens.

        `by itself`: the provider sees to it; `when resumed`: the model goes on with the beginning of a reply, so that
        who asks can end the thought in it.
        """
        return "never"

    @abstractmethod
    async def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None, sample: int) -> Reply:
        """Ask once.

        Raises:
            TransientError: asked again later, it may work.
            BusyError: the provider takes no requests for now.
            RefusedError: this prompt will never be answered, for its content or its length.
            UserError: it never will, for any prompt.
        """

    def identity(self) -> dict[str, Any]:
        """Everything that decides a reply, besides messages and sample, as plain values."""
        return {"model": self.model, "address": self.address, "parameters": dict(self.parameters)}

    def price(self) -> Price | None:
        """Dollars per token; None where no price is known."""
        return Price(input=0.0, output=0.0)

    def batch_price(self) -> Price | None:
        """The same for what goes through the provider's batch endpoint."""
        return self.price()

    def structured(self) -> bool:
        """Whether the provider promises replies that follow a schema."""
        return False

    def is_local(self, addresses: Sequence[str]) -> bool:
        """Whether there is an address at which prompts stay on machines of this list of host names."""
        hosts = {address.lower() for address in addresses}
        return any(one == IN_PROCESS or _host(one) in hosts for one in self.addresses)


def _host(address: str) -> str | None:
    return (urlsplit(address).hostname or "").rstrip(".") if "://" in address else None
