"""Answers with replies that were recorded before, from a journal, or its export, that is only read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.journal.export import Recording
from hypnos.llm.journal.journal import Journal
from hypnos.llm.journal.keys import RequestKeys
from hypnos.llm.providers.settings import PARAMETERS
from hypnos.llm.requests import Message, Request


class RecordedChat(ChatModel):
    """Answers as the recorded model did; needs no key and no network, and costs nothing.

    It carries the identity of the model whose replies were recorded, so that a prompt, a parameter or a model that
    has changed since is missed and not answered with something else's reply.
    """

    journaled = False
    in_flight = 64

    def __init__(
        self,
        *,
        name: str,
        path: str,
        model: str,
        recorded_at: str = "recorded",
        parameters: Annotated[Mapping[str, Any], PARAMETERS] | None = None,
    ) -> None:
        """Take where the replies are and whose they were.

        Args:
            name: how errors and tables call it.
            path: a journal (`.sqlite`) or its export (`.jsonl`).
            model: the recorded model's name, as it was asked for.
            recorded_at: the recorded model's address.
            parameters: the recorded model's parameters.
        """
        self.name = name
        self.model = model
        self.parameters = dict(parameters or {})
        self._recorded_at = recorded_at
        self.path = Path(path)
        self._recording: Recording | Journal | None = None

    def identity(self) -> dict[str, Any]:
        return {"model": self.model, "address": self._recorded_at, "parameters": self.parameters}

    def prepare(self) -> None:
        """Open the recording.

        Raises:
            UserError: nothing is there, or it cannot be read.
        """
        if self._recording is not None:
            return
        if self.path.suffix == ".jsonl":
            self._recording = Recording(self.path)
        else:
            self._recording = Journal(path=self.path, read_only=True)

    def find(self, key: str) -> Reply | None:
        """Find the recorded reply under a key."""
        self.prepare()
        assert self._recording is not None
        return self._recording.find(key)

    async def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None, sample: int) -> Reply:
        request = Request(id="", messages=tuple(messages), schema=schema)
        reply = self.find(RequestKeys(self.identity(), request).sample(sample))
        if reply is None:
            start = " ".join(messages[-1]["content"].split())[:60]
            raise UserError(
                f"{self.path}: no reply of {self.model} to this prompt (sample {sample}) was recorded: {start}...;"
                " prompts, parameters or data have changed since: choose a model that can be asked"
            )
        return reply
