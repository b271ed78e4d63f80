"""Batches as OpenAI, DashScope and Azure take them: a file of requests, and files of what came back."""

import io
from collections.abc import Mapping
from typing import Any

import orjson

from hypnos.llm.providers.batch.endpoint import Asked, BatchEndpoint, Look
from hypnos.llm.providers.batch.result_rows import read_rows
from hypnos.llm.providers.errors import quote
from hypnos.llm.providers.litellm import LitellmChat, load_litellm

PROVIDERS = ("openai", "azure", "dashscope", "hosted_vllm", "vertex_ai")
"""Those that litellm can create, follow and read batches of, and DashScope, whose files and batches are OpenAI's."""

_SPEAKS_OPENAI = ("dashscope",)
"""Providers for which litellm has no batches, and which answer it as OpenAI does."""

_NOT_LISTED = ("vertex_ai",)
"""Providers whose batches cannot be listed by file: one whose id was lost counts as never sent."""

_OVER = ("completed", "failed", "expired", "cancelled")
_PAGE = 100
_MOST_PAGES = 50


class FileEndpoint(BatchEndpoint):
    """One model's endpoint, through litellm."""

    def __init__(self, model: LitellmChat, *, name: str, provider: str, address: str | None) -> None:
        """Take what litellm knows of the provider.

        Args:
            model: whom to ask.
            name: the model's, without its provider.
            provider: as litellm calls it.
            address: the provider's own, for a model that states none.
        """
        self._model = model
        self._name = name
        self._provider = provider
        self._as = "openai" if provider in _SPEAKS_OPENAI else provider
        self._address = address

    async def prepare(self, asked: Asked) -> str:
        """Upload the file of requests; its id is the mark."""
        file = io.BytesIO(b"".join(self._line(key, asked) for key in asked))
        file.name = "requests.jsonl"
        uploaded = await self._call(load_litellm().acreate_file, file=file, purpose="batch")
        return str(uploaded.id)

    async def create(self, mark: str, asked: Asked) -> str:
        """Start a batch of the uploaded file."""
        batch = await self._call(
            load_litellm().acreate_batch,
            completion_window="24h",
            endpoint="/v1/chat/completions",
            input_file_id=mark,
        )
        return str(batch.id)

    async def candidates(self, mark: str, size: int) -> list[str]:
        """List the batches of the uploaded file."""
        if self._provider in _NOT_LISTED:
            return []
        found: list[str] = []
        after = None
        for _ in range(_MOST_PAGES):
            page = await self._call(load_litellm().alist_batches, limit=_PAGE, after=after)
            found += [str(batch.id) for batch in page.data if batch.input_file_id == mark]
            if found or not page.data or not getattr(page, "has_more", False):
                break
            after = page.data[-1].id
        return found

    async def look(self, batch: str, asked: Asked) -> Look:
        """Ask for the state of a batch, and once it is over for its files of results and of errors."""
        state = await self._call(load_litellm().aretrieve_batch, batch_id=batch)
        if state.status not in _OVER:
            return Look(state=str(state.status))
        rows: dict[str, Mapping[str, Any]] = {}
        for file in (getattr(state, "output_file_id", None), getattr(state, "error_file_id", None)):
            if file:
                content = await self._call(load_litellm().afile_content, file_id=file)
                raw = content.content if isinstance(content.content, bytes) else content.read()
                rows = read_rows(raw, part="response", where=f"llm {self._model.name}: batch {batch}") | rows
        bodies = {key: response.get("body") for key, response in rows.items() if key in asked}
        return Look(
            state=str(state.status),
            over=True,
            refusal=_refusal(state) if state.status == "failed" and not rows else "",
            # A server's error has a body too: a text, or an object that tells of it.
            bodies={key: body for key, body in bodies.items() if isinstance(body, Mapping) and body.get("choices")},
            keys=frozenset(rows),
        )

    def _line(self, key: str, asked: Asked) -> bytes:
        """Write one request of the file, under its key."""
        keys = asked[key]
        arguments = self._model.arguments(keys.settings.get("schema"))
        # litellm puts these into the body of a request by itself, and into no line of a file.
        arguments |= arguments.pop("extra_body", None) or {}
        body = {"model": self._name, "messages": [dict(m) for m in keys.messages], **arguments}
        line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    async def _call(self, function: Any, **arguments: Any) -> Any:
        access = self._model.access()
        if self._as != self._provider and access["api_base"] is None:
            access["api_base"] = self._address
        failure: Exception | None = None
        try:
            # Sent again by the library, a batch whose answer was lost would be a second one, and paid for.
            return await function(**arguments, **access, custom_llm_provider=self._as, max_retries=0)
        except Exception as error:
            failure = self._model.translate(error)
        raise failure  # outside the handler: the original may quote a key


def _refusal(state: Any) -> str:
    """The provider's first reason why it refused a batch as a whole."""
    listed = getattr(getattr(state, "errors", None), "data", None) or ()
    words = [error.message for error in listed if error.message]
    return quote(words[0]) if words else "no reason given"
