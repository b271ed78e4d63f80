"""Asks several models at once, each its own requests, and counts what their answers cost."""

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import orjson

from hypnos.artefacts.keys import file_key
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel
from hypnos.llm.client import Client
from hypnos.llm.recorded import RecordedChat
from hypnos.llm.requests import Answer, Request

T = TypeVar("T")


@dataclass(slots=True)
class Spend:
    """Counts the answers of one model, their tokens and dollars."""

    requests: int = 0
    replies: int = 0
    retried: int = 0
    unanswered: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    unpriced: int = 0
    models: set[str] = field(default_factory=set)

    def add(self, answer: Answer[Any]) -> None:
        """Count one answer; a reply that was in the journal counts at what it cost then."""
        self.requests += 1
        self.replies += answer.attempts
        self.retried += max(0, answer.attempts - 1)
        self.unanswered += answer.value is None
        self.tokens_in += answer.tokens_in
        self.tokens_out += answer.tokens_out
        self.usd += answer.cost or 0.0
        self.unpriced += answer.cost is None
        if answer.model:
            self.models.add(answer.model)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            **{name: getattr(self, name) for name in ("requests", "replies", "retried", "unanswered", "unpriced")},
            **{"tokens_in": self.tokens_in, "tokens_out": self.tokens_out, "usd": round(self.usd, 6)},
            "models": sorted(self.models),
        }


class ParallelAsker:
    """Asks on behalf of a step, one thread a model, so that no model waits for another one's limits."""

    def __init__(self, client: Client, models: Mapping[str, ChatModel], *, attempts: int, what: str) -> None:
        self.client = client
        self.models = models
        self.attempts = attempts
        self.what = what
        self.spend = {name: Spend() for name in models}

    def collect(
        self, requests: Mapping[str, Sequence[Request]], *, parse: Callable[[str], T | None]
    ) -> dict[str, list[Answer[T]]]:
        """Ask each model its requests and hold the answers in memory: for a round, not for a data set."""
        answers: dict[str, list[Answer[T]]] = {name: [] for name in requests}
        totals = {name: len(prompts) for name, prompts in requests.items()}
        self._side_by_side(requests, parse, totals, lambda name, answer: answers[name].append(answer))
        return answers

    @contextmanager
    def spooled(
        self,
        requests: Mapping[str, Iterable[Request]],
        *,
        parse: Callable[[str], T | None],
        totals: Mapping[str, int] | None = None,
    ) -> Iterator[dict[str, Iterator[dict[str, Any]]]]:
        """Ask each model its requests, set the answers aside on disk, and give them back in order.

        Memory holds only what is in flight. What `parse` returns must be plain values. `totals` are for the time left.
        """
        with tempfile.TemporaryDirectory(prefix="hypnos-") as folder:
            files = {name: Path(folder) / str(number) for number, name in enumerate(requests)}
            streams = {name: file.open("wb") for name, file in files.items()}
            try:
                self._side_by_side(requests, parse, totals or {}, lambda name, answer: _put(streams[name], answer))
            finally:
                for stream in streams.values():
                    stream.close()
            yield {name: _lines(file) for name, file in files.items()}

    def _side_by_side(
        self,
        requests: Mapping[str, Iterable[Request]],
        parse: Callable[[str], T | None],
        totals: Mapping[str, int],
        take: Callable[[str, Answer[T]], Any],
    ) -> None:
        for name in requests:
            # Opened here and one by one: a key that is missing stops the run before any thread has paid.
            for _ in self.client.ask(self.models[name], (), parse=parse):
                pass
        stop = threading.Event()
        client = self.client.stopped_by(stop)
        errors: list[BaseException] = []

        def ask(name: str) -> None:
            try:
                settings: dict[str, Any] = {"attempts": self.attempts, "what": f"{self.what}: {name}"}
                stream = client.ask(self.models[name], requests[name], parse=parse, total=totals.get(name), **settings)
                with closing(stream):  # type: ignore[type-var]
                    for answer in stream:
                        self.spend[name].add(answer)
                        take(name, answer)
                        if stop.is_set():
                            return
            except BaseException as error:
                errors.append(error)
                stop.set()
            finally:
                ended[name].set()

        # Events, for a `Thread.join` that a signal interrupts counts its thread as ended: the next one returns at once.
        ended = {name: threading.Event() for name in requests}
        for name in requests:
            threading.Thread(target=ask, args=(name,), daemon=True).start()
        try:
            for event in ended.values():
                event.wait()
        except BaseException:  # interrupted: no thread asks anything more, but what is under way is paid for
            stop.set()
            for event in ended.values():
                event.wait()
            raise
        if errors:
            raise next((error for error in errors if isinstance(error, UserError)), errors[0])


def model_key(model: ChatModel) -> dict[str, Any]:
    """What decides a model's answers, for a step's key, and the name that its records carry."""
    key = {"name": model.name, **model.identity()}
    if isinstance(model, RecordedChat):
        # It goes by the name of the model that it recorded; another recording may hold other replies.
        key["recording"] = file_key(model.path)
    return key


def _put(stream: Any, answer: Answer[Any]) -> None:
    content = {"value": answer.value, "model": answer.model, "reason": answer.reason, "key": answer.key}
    if answer.value is None:
        content["text"] = answer.text
    stream.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as stream:
        for line in stream:
            yield orjson.loads(line)
