"""Sends through worker processes, where one processor is too slow for what a model's limits allow.

Each process has its own sender to the model, its own writer to the shared journal, and its share of the limits.
Requests come and replies go through a pipe; a reply is committed before it goes.
"""

import asyncio
import copy
import gc
import itertools
import multiprocessing
import signal
import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from hypnos.errors import Interrupted, UserError
from hypnos.llm.cancellation import Cancellation
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.failures import GaveUpError
from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.journal.writer import Writer
from hypnos.llm.providers.connections import close_clients
from hypnos.llm.sending.counts import Counts
from hypnos.llm.sending.pacing import Tries
from hypnos.llm.sending.sender import Sender

_END = "end"

_COLLECT = 20_000
"""Objects made before the garbage among them is looked for: what some dozen replies leave."""


class SharedSender:
    """Asks one model through several processes. Lives in one event loop."""

    def __init__(self, model: ChatModel, *, journal: Path, budget: Budget, tries: Tries, workers: int) -> None:
        self.model = model
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count()
        self._turn = itertools.cycle(range(workers))
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._cancellations: dict[int, Cancellation] = {}
        self._counts = [Counts() for _ in range(workers)]
        context = multiprocessing.get_context("spawn")
        self._closing = False
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        for number in range(workers):
            here, there = context.Pipe()
            share = _share(model, workers)
            arguments = (there, share, journal, budget, tries)
            process = context.Process(target=_work, args=arguments, name=f"llm-{number}", daemon=True)
            process.start()
            there.close()
            self._processes.append(process)
            self._pipes.append(here)
            threading.Thread(target=self._listen, args=(number,), name=f"llm-{number}", daemon=True).start()

    @property
    def counts(self) -> Counts:
        """What all processes did together."""
        total = Counts()
        for counts in self._counts:
            total.sent += counts.sent
            total.replies += counts.replies
            total.failures += counts.failures
            total.cost += counts.cost
            if counts.pace is not None:
                total.pace = (total.pace or 0.0) + counts.pace
        return total

    async def reply(self, keys: RequestKeys, sample: int, cancellation: Cancellation) -> Reply:
        """Get one reply, as `Sender.reply` does."""
        cancellation.check()
        if id(cancellation) not in self._cancellations:
            self._cancellations[id(cancellation)] = cancellation
            cancellation.listeners.append(partial(self._tell, id(cancellation)))
        number = next(self._numbers)
        future = self._waiting[number] = self._loop.create_future()
        try:
            self._pipes[next(self._turn)].send((number, id(cancellation), keys, sample))
        except OSError:
            self._lost()
        try:
            return await future
        except GaveUpError:
            raise
        except Exception as error:
            cancellation.cancel(error)
            raise

    def close(self) -> None:
        """Let the processes finish what is under way, and end."""
        self._closing = True
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            try:
                pipe.send(_END)
            except OSError:
                continue  # it has ended before
            process.join()

    def _tell(self, cancellation: int, error: Exception) -> None:
        """Have every process cancel the requests that were begun under this number."""
        del self._cancellations[cancellation]
        for pipe in self._pipes:
            with suppress(OSError):  # one that has ended sends nothing more
                pipe.send((None, cancellation, error, 0))

    def _listen(self, worker: int) -> None:
        try:
            while True:
                results, counts = self._pipes[worker].recv()
                self._loop.call_soon_threadsafe(self._take, worker, results, counts)
        except (EOFError, OSError):
            if not self._closing:
                self._loop.call_soon_threadsafe(self._lost)

    def _take(self, worker: int, results: list[tuple[int, Reply | None, Exception | None]], counts: Counts) -> None:
        self._counts[worker] = counts
        for number, reply, error in results:
            future = self._waiting.pop(number, None)
            if future is None or future.done():
                continue
            if error is not None:
                future.set_exception(error)
            elif reply is not None:
                future.set_result(reply)

    def _lost(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                lost = UserError(f"llm {self.model.name}: a worker process has ended; start again to go on")
                future.set_exception(lost)
        self._waiting.clear()


def _share(model: ChatModel, workers: int) -> ChatModel:
    share = copy.copy(model)
    share.in_flight = max(1, model.in_flight // workers)
    if model.requests_per_minute is not None:
        share.requests_per_minute = model.requests_per_minute / workers
    if model.tokens_per_minute is not None:
        share.tokens_per_minute = model.tokens_per_minute / workers
    return share


def _work(pipe: Connection, model: ChatModel, journal: Path, budget: Budget, tries: Tries) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    asyncio.run(_Worker(pipe, model, Journal(path=journal), budget, tries).run())


def _collect_seldom() -> None:
    """Exempt what is loaded by now from garbage collection, and collect seldom.

    To go through a library of litellm's size takes a tenth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT)


class _Worker:
    def __init__(self, pipe: Connection, model: ChatModel, journal: Journal, budget: Budget, tries: Tries) -> None:
        self._pipe = pipe
        self._model = model
        self._journal = journal
        self._budget = budget
        self._tries = tries
        self._cancellations: dict[int, Cancellation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: list[tuple[int, Reply | None, Exception | None]] = []
        self._wake = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        writer = Writer(self._journal, loop)
        self._model.prepare()
        _collect_seldom()
        sender = Sender(self._model, journal=self._journal, writer=writer, budget=self._budget, tries=self._tries)
        ended = asyncio.Event()
        threading.Thread(target=self._listen, args=(loop, sender, ended), daemon=True).start()
        sending = asyncio.create_task(self._send(sender))
        await ended.wait()
        # What is under way is paid for and still gets into the journal, even where the parent is gone.
        for cancellation in self._cancellations.values():
            cancellation.cancel(Interrupted("stopped"))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        sending.cancel()
        await close_clients()
        writer.close()

    def _listen(self, loop: asyncio.AbstractEventLoop, sender: Sender, ended: asyncio.Event) -> None:
        try:
            while (message := self._pipe.recv()) != _END:
                loop.call_soon_threadsafe(self._take, sender, *message)
        except (EOFError, OSError):
            pass  # the parent is gone
        loop.call_soon_threadsafe(ended.set)

    def _take(self, sender: Sender, number: int | None, cancelled_by: int, content: Any, sample: int) -> None:
        """Begin a request (`content`: its keys), or, without a number, cancel with an error (`content`)."""
        cancellation = self._cancellations.setdefault(cancelled_by, Cancellation())
        if number is None:
            cancellation.cancel(content)
            return
        task = asyncio.create_task(self._reply(sender, number, cancellation, content, sample))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(
        self, sender: Sender, number: int, cancellation: Cancellation, keys: RequestKeys, sample: int
    ) -> None:
        reply: Reply | None = None
        error: Exception | None = None
        try:
            reply = await sender.reply(keys, sample, cancellation)
        except (UserError, GaveUpError, Interrupted) as known:
            error = type(known)(str(known))
        except Exception as unknown:
            error = RuntimeError(f"{type(unknown).__name__}: {unknown}")
        self._results.append((number, reply, error))
        self._wake.set()

    async def _send(self, sender: Sender) -> None:
        """Send what has gathered, so that a pipe's overhead is shared."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            results, self._results = self._results, []
            try:
                self._pipe.send((results, replace(sender.counts)))
            except OSError:
                return  # the parent is gone
            await asyncio.sleep(0.005)
