"""Defines what a provider's batch endpoint does."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypnos.llm.journal.keys import RequestKeys

Asked = Mapping[str, RequestKeys]
"""By the key of the reply, under which it comes back: what is asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A batch as one look found it.

    Attributes:
        state: in the provider's words.
        over: whether nothing more will come.
        refusal: why the provider took none of its requests; empty where it did.
        bodies: responses in OpenAI's form by key, of those asked for that have one.
        keys: of all requests that came back, answered or not.
    """

    state: str
    over: bool = False
    refusal: str = ""
    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()


class BatchEndpoint(ABC):
    """A provider's endpoint. What it raises are the errors of `LitellmChat.translate`."""

    @abstractmethod
    async def prepare(self, asked: Asked) -> str:
        """Do what comes before the batch itself and costs nothing; returns a mark by which it can be found."""

    @abstractmethod
    async def create(self, mark: str, asked: Asked) -> str:
        """Start the batch; returns its id."""

    @abstractmethod
    async def candidates(self, mark: str, size: int) -> list[str]:
        """List the batches that may be the one of a mark and so many requests, whose id was lost."""

    @abstractmethod
    async def look(self, batch: str, asked: Asked) -> Look:
        """Ask how a batch stands, and for its results once it is over."""
