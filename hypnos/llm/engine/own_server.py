"""A chat model behind a server of its own on this machine: started at the first question, watched, and ended again."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Self

from hypnos.errors import UserError
from hypnos.llm.chat import Reply, ReplyLimits
from hypnos.llm.engine.server_process import HOST, ServerProcess
from hypnos.llm.failures import BusyError, TransientError
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.requests import Message

_NOTICED = 0.5
"""Seconds after which the end of a server is known for sure."""

_APART = 100_003
"""Between the draws of two seeds: samples of one seed are not those of the next."""

Turns = Callable[[Sequence[Message]], Sequence[Message]]


class OwnServerChat(LitellmChat):
    """A model that a server of this command's own has; whoever inherits says which server."""

    portable = False  # the server is this process's own
    free = True

    def __init__(
        self,
        *,
        name: str,
        served_name: str,
        parameters: Mapping[str, Any] | None,
        in_flight: int,
        timeout: float,
        turns: Turns | None,
    ) -> None:
        """Say what is served; nothing is read or started before the first question.

        Args:
            name: how errors and tables call it.
            served_name: how the server calls it.
            parameters: temperature, max_tokens, top_p, ...
            in_flight: requests under way at once.
            timeout: seconds for one whole reply.
            turns: rewrites messages before they are sent; None leaves them.
        """
        super().__init__(
            name=name,
            model=f"hosted_vllm/{served_name}",
            address=f"http://{HOST}/v1",
            parameters=parameters,
            prices={"input": 0.0, "output": 0.0},
            in_flight=in_flight,
            timeout=timeout,
            structured=True,  # these servers follow any schema
        )
        self._turns = turns
        self._running: list[ServerProcess] = []  # shared with copies that have other limits

    @abstractmethod
    def server(self) -> ServerProcess:
        """A server of the model, which is not started yet.

        Raises:
            UserError: what is to be served, or who shall serve it, is not there.
        """

    def prepare(self) -> None:
        """Start the server and wait for it.

        Raises:
            UserError: it cannot be started; the line holds the cause.
        """
        if not self._running:
            self._running.append(self.server())
        self._running[0].start()
        self._url = self._running[0].url

    def close(self) -> None:
        """End the server; the next question starts another."""
        while self._running:
            self._running.pop().close()

    def limited(self, limits: ReplyLimits) -> Self:
        other = super().limited(limits)
        assert isinstance(other, type(self))
        return other

    def _seeded(self, sample: int) -> Self:
        """The model as it is asked for one sample: with a seed each sample is a draw of its own."""
        seed = self.parameters.get("seed")
        if seed is None:
            return self
        other = copy(self)
        other.parameters = {**self.parameters, "seed": (_APART * int(seed) + sample) % 2**31}
        return other

    async def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None, sample: int) -> Reply:
        turns = self._turns(messages) if self._turns else messages
        try:
            return await LitellmChat.complete(self._seeded(sample), turns, schema=schema, sample=sample)
        except (TransientError, BusyError):
            await asyncio.sleep(_NOTICED)
            if self._running and (cause := await asyncio.to_thread(self._running[0].failure)) is not None:
                raise UserError(f"{cause}; every reply is kept: start again to go on") from None
            raise
