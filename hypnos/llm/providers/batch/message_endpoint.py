"""Anthropic's Message Batches: requests in one body, results as lines of JSON.

litellm follows such batches and reads their results, but creates none, and makes an empty reply of a message that it
cannot read. So a request is written, and a result is read, by litellm's ordinary way of asking, over a transport that
stands in for the network: in a batch both are what they are one by one.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import orjson

from hypnos.errors import UserError
from hypnos.llm.failures import RefusedError, TransientError
from hypnos.llm.providers.batch.endpoint import Asked, BatchEndpoint, Look
from hypnos.llm.providers.batch.result_rows import read_rows
from hypnos.llm.providers.litellm import LitellmChat, load_litellm
from hypnos.llm.requests import Message

log = logging.getLogger(__name__)

_NOTHING: Mapping[str, Any] = {
    **{"id": "", "type": "message", "role": "assistant", "model": "", "stop_reason": "end_turn"},
    "content": [{"type": "text", "text": "-"}],
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
"""What the transport answers while a request is only written."""

_BETA = "anthropic-beta"
_PAGE = 100
_MOST_PAGES = 50


class MessageEndpoint(BatchEndpoint):
    """One model's endpoint."""

    def __init__(self, model: LitellmChat) -> None:
        self._model = model
        self._url = ""
        self._headers: dict[str, str] = {}

    async def prepare(self, asked: Asked) -> str:
        """Look up the newest batch that there is: a later one may be the one that is about to be sent."""
        page = await self._get("", {"limit": 1})
        batches = page.json().get("data") or []
        return str(batches[0]["id"]) if batches else ""

    async def create(self, mark: str, asked: Asked) -> str:
        """Send the requests."""
        requests = []
        betas: dict[str, None] = {}
        for key, keys in asked.items():
            written, _ = await self._through_litellm(keys.messages, keys.settings.get("schema"), _NOTHING)
            requests.append({"custom_id": key, "params": orjson.loads(written.content)})
            betas |= dict.fromkeys(filter(None, written.headers.get(_BETA, "").replace(" ", "").split(",")))
        # A body may need what only the headers of its own request switch on: a schema is one.
        headers = {_BETA: ",".join(betas)} if betas else {}
        response = await self._send("POST", "", headers=headers, content=orjson.dumps({"requests": requests}))
        return str(response.json()["id"])

    async def candidates(self, mark: str, size: int) -> list[str]:
        """List the batches newer than the mark that have as many requests; the newest first."""
        found: list[str] = []
        after: dict[str, Any] = {}
        for _ in range(_MOST_PAGES):
            page = (await self._get("", {"limit": _PAGE, **after})).json()
            for batch in page.get("data") or []:
                if batch["id"] == mark:
                    return found
                if sum(batch["request_counts"].values()) == size:
                    found.append(str(batch["id"]))
            if not page.get("has_more"):
                break
            after = {"after_id": page["last_id"]}
        return found

    async def look(self, batch: str, asked: Asked) -> Look:
        """Ask for the state of a batch, and once it has ended for its results."""
        state = (await self._get(f"/{batch}")).json()
        if state.get("processing_status") != "ended":
            return Look(state=str(state.get("processing_status")))
        raw = (await self._get(f"/{batch}/results")).content if state.get("results_url") else b""
        kinds = {}
        bodies = {}
        for key, result in read_rows(raw, part="result", where=f"llm {self._model.name}: batch {batch}").items():
            kinds[key], message = str(result.get("type")), result.get("message")
            if key in asked and kinds[key] == "succeeded" and isinstance(message, Mapping):
                schema = asked[key].settings.get("schema")
                try:
                    _, bodies[key] = await self._through_litellm(asked[key].messages, schema, message)
                except (UserError, TransientError, RefusedError) as failure:
                    log.warning("llm %s: batch %s: %s: %s", self._model.name, batch, key[:8], failure)
        cut = {kind for kind in kinds.values() if kind in ("canceled", "expired")}
        return Look(
            state=", ".join(sorted(cut)) if cut else "ended",
            over=True,
            bodies=bodies,
            keys=frozenset(kinds),
        )

    async def _get(self, path: str, parameters: Mapping[str, Any] | None = None) -> httpx.Response:
        return await self._send("GET", path, params=parameters)

    async def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **arguments: Any
    ) -> httpx.Response:
        """Send one request below `/v1/messages/batches`."""
        if not self._url:
            written, _ = await self._through_litellm([{"role": "user", "content": "-"}], None, _NOTHING)
            self._url = f"{written.url}/batches"
            dropped = ("content-length", "host", "accept-encoding")
            self._headers = {name: value for name, value in written.headers.items() if name not in dropped}
        failure: Exception | None = None
        try:
            timeout = self._model.access()["timeout"]
            async with httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client:
                sent = {**self._headers, **(headers or {})}
                response = await client.request(method, f"{self._url}{path}", headers=sent, **arguments)
                if response.status_code >= 300:
                    raise _StatusError(response)
                return response
        except Exception as error:
            failure = self._model.translate(error)
        raise failure  # outside the handler: the original may quote a key

    async def _through_litellm(
        self, messages: Sequence[Message], schema: Mapping[str, Any] | None, answer: Mapping[str, Any]
    ) -> tuple[httpx.Request, dict[str, Any]]:
        """Ask as one asks one by one, with an answer that is there already.

        Returns:
            The request as litellm writes it, and the answer in OpenAI's form.
        """
        from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

        transport = _AnsweredTransport(answer)
        failure: Exception | None = None
        try:
            returned = await load_litellm().acompletion(
                model=self._model.model,
                messages=[dict(message) for message in messages],
                max_retries=0,
                num_retries=0,
                client=AsyncHTTPHandler(transport=transport),
                **self._model.access(),
                **self._model.arguments(schema),
            )
            assert transport.request is not None
            return transport.request, returned.model_dump(warnings=False)
        except Exception as error:
            failure = self._model.translate(error)
        raise failure


class _AnsweredTransport(httpx.AsyncBaseTransport):
    """Stands in for the network: keeps the request, and answers with a message that is there already."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._answer = orjson.dumps(answer)
        self.request: httpx.Request | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        return httpx.Response(200, content=self._answer, headers={"content-type": "application/json"}, request=request)


class _StatusError(Exception):
    """A status that is no success, with what `translate` reads of litellm's own errors."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.text)
        self.status_code = response.status_code
        self.litellm_response_headers = dict(response.headers)
