"""Holds what is open while models are asked: an event loop in a thread, the journal's writer, a sender a model."""

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from hypnos.errors import UserError
from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel
from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.writer import Writer
from hypnos.llm.providers.batch.batches import Batches
from hypnos.llm.providers.connections import close_clients
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.sending.pacing import Limits, Tries
from hypnos.llm.sending.sender import Sender
from hypnos.llm.sending.servers import Server, Servers
from hypnos.llm.sending.worker_processes import SharedSender

T = TypeVar("T")


class Session:
    """Opened at the first question; other threads start work in its loop and wait for it."""

    def __init__(self, journal: Journal, budget: Budget, *, tries: Tries, workers: int) -> None:
        self._journal = journal
        self._budget = budget
        self._tries = tries
        self._workers = workers
        journal.connect()  # a journal of the wrong version is refused here
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llm", daemon=True)
        self._thread.start()
        self._writer = Writer(journal, self._loop)
        self._opening = threading.Lock()
        self._senders: dict[int, Sender | SharedSender] = {}
        self._batches: dict[int, Batches] = {}
        self._limits: dict[tuple[Any, ...], Limits] = {}
        atexit.register(self.close)  # connections that are left open complain at the end of the process

    def sender(self, model: ChatModel) -> Sender | SharedSender:
        """Open the sender to a model, or hand back the open one.

        Raises:
            UserError: the model cannot be asked, or not under this budget.
        """
        with self._opening:
            if id(model) not in self._senders:
                model.prepare()
                self._check_price(model)
                self._senders[id(model)] = self.start(self._open(model)).result()
            return self._senders[id(model)]

    def batches(self, model: ChatModel) -> Batches:
        """Open a model's way through its provider's batch endpoint, or hand back the open one.

        Raises:
            UserError: the provider has none.
        """
        assert isinstance(model, LitellmChat)
        if id(model) not in self._batches:
            batches = Batches(
                model,
                journal=self._journal,
                writer=self._writer,
                budget=self._budget,
                patience=self._tries.patience,
            )
            self._batches[id(model)] = batches
        return self._batches[id(model)]

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin work in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call something in the loop."""
        self._loop.call_soon_threadsafe(function, *arguments)

    def new_cancellation(self) -> Cancellation:
        """Make a cancellation that lives in the loop."""
        return self.start(_call(Cancellation)).result()

    def close(self) -> None:
        """Commit what is queued, and end."""
        atexit.unregister(self.close)
        for sender in self._senders.values():
            if isinstance(sender, SharedSender):
                sender.close()
        self.start(_end_others()).result()
        self.start(close_clients()).result()
        self._writer.close()
        for sender in self._senders.values():
            sender.model.close()
        self.call(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self, model: ChatModel) -> Sender | SharedSender:
        if self._workers and model.portable:
            return SharedSender(
                model, journal=self._journal.path, budget=self._budget, tries=self._tries, workers=self._workers
            )
        return Sender(
            model,
            journal=self._journal,
            writer=self._writer,
            budget=self._budget,
            tries=self._tries,
            servers=Servers([Server(one, self._limits_of(one)) for one in model.servers()]),
            follows_batches=lambda: any(batches.following for batches in self._batches.values()),
        )

    def _limits_of(self, model: ChatModel) -> Limits:
        """The limits of a model at one address, the same for all who ask it there under the same settings."""
        if not model.portable:
            return Limits(model)
        settings = (model.address, model.model, model.in_flight, model.requests_per_minute, model.tokens_per_minute)
        return self._limits.setdefault(settings, Limits(model))

    def _check_price(self, model: ChatModel) -> None:
        if self._budget.usd is not None and (model.price() is None or (model.batch and model.batch_price() is None)):
            raise UserError(
                f"llm {model.name}: no price of {model.model} is known, so budget.usd cannot be kept: state prices"
                " (input and output, in dollars per million tokens) or limit budget.tokens instead"
            )


async def _call(function: Callable[[], T]) -> T:
    return function()


async def _end_others() -> None:
    """End what libraries left running in this loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
