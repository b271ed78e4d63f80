"""Asks models over the network, through litellm: any provider it knows, or a server of one's own."""

import asyncio
import logging
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache
from typing import Annotated, Any, Literal

from hypnos.artefacts.ranges import Count, Filled, Positive
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel, Price, Reply, ReplyLimits
from hypnos.llm.providers.connections import straight_client
from hypnos.llm.providers.errors import quote, translate
from hypnos.llm.providers.price_list import PRICES, ModelPrices, enter_unlisted
from hypnos.llm.providers.replies import reply_of
from hypnos.llm.providers.settings import PARAMETERS, check_settings
from hypnos.llm.providers.thinking import SWITCHES, find_switch, merge
from hypnos.llm.redaction import guard_logs, keep_secret
from hypnos.llm.requests import Message


class LitellmChat(ChatModel):
    """One model of one provider, asked over HTTP."""

    portable = True

    def __init__(
        self,
        *,
        name: str,
        model: str,
        address: str | Annotated[Sequence[str], Filled()] | None = None,
        key_variable: str | None = None,
        parameters: Annotated[Mapping[str, Any], PARAMETERS] | None = None,
        prices: Annotated[Mapping[str, Any], PRICES] | None = None,
        in_flight: Count = 16,
        requests_per_minute: Positive | None = None,
        tokens_per_minute: Positive | None = None,
        timeout: Positive = 120.0,
        structured: bool | None = None,
        batch: Count | None = None,
        batch_poll: Positive = 30.0,
    ) -> None:
        """Say whom to ask; nothing is sent, and no library is loaded, before the first question.

        Args:
            name: how errors and tables call it.
            model: as litellm names it: `gpt-3.5-turbo`, `deepseek/deepseek-chat`, `openai/<name on your server>`.
            address: base URL of a server; None for the provider's own. Of several that serve the same model: all; the
                first names it in the keys of replies, whichever answers, so that servers may come and go behind it.
            key_variable: NAME of the environment variable that holds the key; read when it is used. None: no key.
            parameters: temperature, max_tokens, top_p, ...: all of them count for the key of a reply; max_tokens null
                where who asks decides it.
            prices: `{input, output}` in dollars per million tokens, where litellm's list has none or another, and what
                else is known of them: `cached`, `written`, `thinking`, `date`. They hold for batches too.
            in_flight: requests under way at once, at each address.
            requests_per_minute: at each address; None for no limit.
            tokens_per_minute: at each address; None for no limit.
            timeout: seconds for one whole reply.
            structured: whether the server follows a JSON schema; None to ask litellm's list.
            batch: requests to send in one batch, where the provider has batches; None to ask one by one.
            batch_poll: seconds between two looks at a batch.

        Raises:
            UserError: a value that cannot be.
        """
        addresses = (address,) if isinstance(address, str) else tuple(address or ())
        if batch and len(addresses) > 1:
            raise UserError(f"llm {name}: batch: sent to one address, and {len(addresses)} are stated")
        check_settings(
            f"llm {name}",
            key_variable=key_variable,
            addresses=addresses,
            parameters=parameters or {},
            numbers={
                "in_flight": in_flight,
                "timeout": timeout,
                "batch": batch,
                "batch_poll": batch_poll,
                "requests_per_minute": requests_per_minute,
                "tokens_per_minute": tokens_per_minute,
            },
        )
        self.name = name
        self.model = model
        provider = model.partition("/")[0] if "/" in model else "the provider of the model"
        self.address = addresses[0] if addresses else provider
        self._addresses = addresses or (provider,)
        self.parameters = {
            name: value
            for name, value in (parameters or {}).items()
            if value is not None or name not in ("max_tokens", "max_completion_tokens")
        }
        self.in_flight = in_flight
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.max_tokens = int(self.parameters.get("max_tokens") or self.parameters.get("max_completion_tokens") or 4096)
        self._url = addresses[0] if addresses else None
        self._variable = key_variable
        self.batch = batch
        self.batch_poll = batch_poll
        self._local_hosts: tuple[str, ...] = ()
        self._prices = ModelPrices(model, prices, where=f"llm {name}")
        self._timeout = timeout
        self._structured = structured
        if key_variable is not None:
            keep_secret(key_variable)

    def prepare(self) -> None:
        """Load litellm, and see that the key is there.

        Raises:
            UserError: no key, or a variable of the environment would send requests elsewhere than stated; the message
                names the variable.
        """
        self._key()
        provider = self._find_provider().upper()
        for variable in (f"{provider}_BASE_URL", f"{provider}_API_BASE"):
            if self._url is None and os.environ.get(variable):
                raise UserError(
                    f"llm {self.name}: the environment variable {variable} is set: state it as llm.address instead,"
                    " so that the journal knows whom it asked"
                )

    @property
    def addresses(self) -> tuple[str, ...]:
        return self._addresses

    def servers(self) -> Sequence["LitellmChat"]:
        if len(self._addresses) == 1:
            return (self,)
        return tuple(self._alone_at(address) for address in self._addresses)

    def stay_local(self, hosts: Sequence[str]) -> None:
        super().stay_local(hosts)
        self._local_hosts = tuple(hosts)

    def price(self) -> Price | None:
        return self._priced(batch=False)

    def batch_price(self) -> Price | None:
        return self._priced(batch=True)

    def structured(self) -> bool:
        if self._structured is None:
            self._structured = bool(load_litellm().supports_response_schema(model=self.model))
        return self._structured

    def limited(self, limits: ReplyLimits) -> "LitellmChat":
        more: dict[str, Any] = {}
        parameters = self.parameters
        if limits.thinking != "as_is":
            switch = find_switch(self._find_provider(), where=f"llm {self.name}")
            more = dict(switch.on(limits.thought) if limits.thinking == "on" else switch.off)
            fixed = switch.fixed if limits.thinking == "on" else ()
            parameters = {name: value for name, value in parameters.items() if name not in fixed}
        if limits.resumed:
            more = merge(more, find_switch(self._find_provider(), where=f"llm {self.name}").resume or {})
        longest = "max_completion_tokens" if "max_completion_tokens" in parameters else "max_tokens"
        other = copy(self)
        other.max_tokens = limits.tokens
        other.parameters = merge(parameters, {**more, longest: limits.tokens})
        return other

    def ends_thoughts(self) -> Literal["never", "by itself", "when resumed"]:
        switch = SWITCHES.get(self._find_provider())
        if switch is None or not (switch.limits or switch.resume):
            return "never"
        return "by itself" if switch.limits else "when resumed"

    async def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None, sample: int) -> Reply:
        litellm = load_litellm()
        access = self.access()
        if self.stays_local and self._url is not None:
            access["client"] = straight_client(address=self._url, key=access["api_key"], timeout=self._timeout)
        started = time.monotonic()
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._timeout + 1):  # litellm counts from byte to byte, not the whole
                returned = await litellm.acompletion(
                    model=self.model,
                    messages=[dict(message) for message in messages],
                    max_retries=0,
                    num_retries=0,
                    **access,
                    **self.arguments(schema),
                )
            enter_unlisted(returned)
        except Exception as error:
            failure = self.translate(error)
        if failure is not None:
            raise failure  # outside the handler, so that the original, which may quote a key, hangs on nothing
        return self.reply_of(returned.model_dump(warnings=False), messages, time.monotonic() - started)

    def arguments(self, schema: Mapping[str, Any] | None) -> dict[str, Any]:
        """Put together what decides the reply beside the messages, as litellm takes it."""
        arguments = dict(self.parameters)
        if schema is not None and self.structured():
            described = {"name": "answer", "schema": dict(schema), "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": described}
        return arguments

    def access(self) -> dict[str, Any]:
        """Put together the address, the key and the time limit, as litellm takes them.

        Raises:
            UserError: no key; the message names the variable.
        """
        return {"api_base": self._url, "api_key": self._key() or "none", "timeout": self._timeout}

    def translate(self, error: Exception) -> Exception:
        """Translate an exception of litellm; the text of the new one holds no key."""
        return translate(
            error,
            name=self.name,
            model=self.model,
            address=self.address,
            variable=self._variable,
            max_tokens=self.max_tokens,
        )

    def reply_of(
        self, body: Mapping[str, Any], messages: Sequence[Message], seconds: float, *, batch: bool = False
    ) -> Reply:
        """Make a reply of a response in OpenAI's form.

        Raises:
            TransientError: it holds none.
        """
        return reply_of(body, messages, seconds, model=self.model, price=self._priced(batch=batch))

    def _priced(self, *, batch: bool) -> Price | None:
        load_litellm()
        return self._prices.find(batch=batch)

    def _alone_at(self, address: str) -> "LitellmChat":
        other = copy(self)
        other.address = other._url = address
        other._addresses = (address,)
        other.stay_local(self._local_hosts)
        return other

    def _find_provider(self) -> str:
        """The provider, as litellm finds it by the model's name and the address.

        Raises:
            UserError: it finds none.
        """
        try:
            return str(load_litellm().get_llm_provider(self.model, api_base=self._url)[1])
        except Exception as error:  # an exception class of its own for each reason
            raise UserError(
                f"llm {self.name}: litellm knows no model {self.model}: a server of one's own is asked for"
                f" openai/<the model's name there>, others for <provider>/<model> ({quote(str(error))})"
            ) from None

    def _key(self) -> str | None:
        if self._variable is None:
            return None
        key = os.environ.get(self._variable, "").strip()
        if not key:
            raise UserError(f"llm {self.name}: no key: the environment variable {self._variable} is not set")
        return key


@cache
def load_litellm() -> Any:
    """Import litellm quietly, with the lists of prices and headers it brings along: it would fetch newer ones."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"
    guard_logs()
    # pydantic warns of litellm's own types, at the import and at the first request.
    warnings.filterwarnings("ignore", message=".* on TypedDict class", category=UserWarning)
    import litellm

    litellm.suppress_debug_info = True
    for name in ("LiteLLM", "httpx", "openai"):  # each writes a line per request
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("LiteLLM").handlers.clear()
    return litellm
