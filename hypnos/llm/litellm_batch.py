"""The calls to a provider's batch endpoint, through litellm."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hypnos.errors import UserError
from hypnos.llm.failures import Passing, Refused
from hypnos.llm.litellm_chat import LitellmChat, load_litellm
from hypnos.llm.requests import Message

PROVIDERS = ("openai", "azure", "hosted_vllm", "vertex_ai")
"""Those whose batches litellm can create, follow and read."""


class LitellmBatch:
    """One model's batches."""

    def __init__(self, model: LitellmChat) -> None:
        """Find the provider.

        Raises:
            UserError: litellm has no batches for it.
        """
        self._model = model
        self._name, self._provider, *_ = load_litellm().get_llm_provider(model.model)
        if self._provider not in PROVIDERS:
            raise UserError(
                f"llm {model.name}: batch: litellm has no batches for {self._provider}"
                f" (it has for {', '.join(PROVIDERS)}): batch=null asks one by one"
            )

    def line(self, key: str, messages: Sequence[Message], schema: Mapping[str, Any] | None) -> bytes:
        """One request of a batch's file, under its key."""
        body = {"model": self._name, "messages": [dict(m) for m in messages], **self._model.arguments(schema)}
        line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    async def create(self, lines: bytes) -> str:
        """Upload the requests and start; returns the batch's id."""
        file = io.BytesIO(lines)
        file.name = "requests.jsonl"
        litellm = load_litellm()
        uploaded = await self._call(litellm.acreate_file, file=file, purpose="batch")
        batch = await self._call(
            litellm.acreate_batch,
            completion_window="24h",
            endpoint="/v1/chat/completions",
            input_file_id=uploaded.id,
        )
        return str(batch.id)

    async def retrieve(self, batch: str) -> tuple[str, list[dict[str, Any]]]:
        """The state of a batch, and its results as far as there are any."""
        litellm = load_litellm()
        found = await self._call(litellm.aretrieve_batch, batch_id=batch)
        file = getattr(found, "output_file_id", None)
        if not file:
            return str(found.status), []
        content = await self._call(litellm.afile_content, file_id=file)
        raw = content.content if isinstance(content.content, bytes) else content.read()
        return str(found.status), [orjson.loads(line) for line in raw.splitlines() if line.strip()]

    async def _call(self, function: Any, **arguments: Any) -> Any:
        failure: Exception | None = None
        try:
            return await function(**arguments, **self._model.access(), custom_llm_provider=self._provider)
        except Exception as error:
            failure = self._model.translate(error)
        if isinstance(failure, Passing | Refused):
            failure = UserError(f"llm {self._model.name}: batch: {failure}; start again to go on")
        raise failure
