"""Defines what a step of the pipeline is, and what it plans to ask of a model."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.corpus.selection import Selection
from hypnos.curation.pipeline.block_work import BlockWork
from hypnos.llm.chat import ChatModel
from hypnos.llm.requests import Request

RecordRow = dict[str, Any]
"""A record on its way through the steps: texts, history, source, author, topic, licence, egress, group, scores."""

Reject = Callable[[RecordRow, str], None]
"""Takes a row that is not kept, with a short reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Requests that a step will send to one model.

    Attributes:
        step: the step's name.
        model: who will be asked.
        requests: the prompts, or some that are like them.
        total: how many there will be, where `requests` are only some.
        tokens_out: of one reply.
    """

    step: str
    model: ChatModel
    requests: Iterable[Request]
    tokens_out: int
    total: int | None = None


class Step(ABC):
    """One step: rows in, rows out, the rest rejected with reasons.

    Attributes:
        name: stands in configurations, folders and tables.
        selection: the policy of a step that selects, for the curve over thresholds.
        reads: where the rows are that a first step reads; None for one that makes its own.
    """

    name: str
    selection: Selection | None = None
    reads: Path | None = None

    @abstractmethod
    def key(self) -> dict[str, Any]:
        """Everything besides the rows that decides what comes out."""

    @abstractmethod
    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields what is kept; hands what is not to `reject`.

        Args:
            rows: what the step before kept; may be read several times.
            reject: takes a row that is not kept, with a short reason.
        """

    def block_work(self, source: Path) -> BlockWork | None:
        """For a step that asks no model: how it works through its rows, block by block.

        It makes the same of them as `run` does. None: it cannot, and `run` is called.

        Args:
            source: the file of the step before, or what the first step `reads`.
        """
        return None

    def notes(self) -> dict[str, Any]:
        """Plain values to keep in `counts.json` once the step has run."""
        return {}

    def planned(self, rows: Iterable[RecordRow]) -> Iterable[Plan]:
        """For an estimate: what the step will ask; nothing for one that asks no model."""
        return ()

    def stand_ins(self, rows: Iterable[RecordRow]) -> Iterable[RecordRow]:
        """For an estimate: rows like those that the step is going to write, given some like those it will read."""
        return rows
