"""A GGUF file as a chat model behind a server of llama.cpp of its own, which gives log-likelihoods too."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from copy import copy
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from hypnos.artefacts.keys import file_key
from hypnos.errors import UserError
from hypnos.llm.chat import Reply
from hypnos.llm.engine.gguf_file import GgufFile
from hypnos.llm.engine.llama_cpp import LlamaServer
from hypnos.llm.engine.own_server import OwnServerChat, Turns
from hypnos.llm.engine.server_process import ServerProcess
from hypnos.llm.failures import TransientError
from hypnos.llm.providers.thinking import merge
from hypnos.llm.requests import Message

_BROKEN = "does not match the expected"
"""What llama.cpp's server answers, instead of a reply, where the reply holds bytes that are no text."""

_TEXT = r"root ::= [^\x00]*"
"""A grammar of any text: of the likeliest tokens those are taken that leave it text."""

_SIGN = "root ::= [!-~]+"
"""A grammar of plain letters and signs, which every tokenizer has."""

_FEW = 64
"""Tokens whose likelihoods are asked for first: mostly all that are looked for are among the likeliest."""


class GgufChat(OwnServerChat):
    """A model in one file, as llama.cpp runs it.

    The key of a reply holds the file's content and the flags that decide, and no address. A reply with bytes that are
    no text, which small models write, is an error of llama.cpp's server: it is asked for again under a grammar of any
    text.
    """

    def __init__(
        self,
        *,
        name: str,
        model: GgufFile,
        engine: LlamaServer,
        parameters: Mapping[str, Any] | None = None,
        template: str | None = None,
        turns: Turns | None = None,
    ) -> None:
        """Say what is served; nothing is started before the first question.

        Args:
            name: how errors and tables call it.
            model: the file, with what was read of it.
            engine: how its server is started.
            parameters: temperature, max_tokens, top_p, ...
            template: a chat template instead of the file's own.
            turns: rewrites messages before they are sent; None leaves them.
        """
        super().__init__(
            name=name,
            served_name=model.file.stem,
            parameters=parameters,
            in_flight=engine.in_flight,
            timeout=engine.timeout,
            turns=turns,
        )
        self._file = model
        self._engine = engine
        self._template = template
        self._contents: list[str] = []

    def server(self) -> ServerProcess:
        return self._engine.serve(
            self._file.file,
            context=self._file.context,
            template=self._template,
            name=f"llm {self.name}: llama.cpp",
        )

    def identity(self) -> dict[str, Any]:
        if not self._contents:
            self._contents.append(file_key(self._file.file))
        return {
            "model": self._contents[0],
            "address": "llama.cpp",
            "engine": self._engine.key(),
            "template": self._template,
            "parameters": dict(self.parameters),
        }

    async def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None, sample: int) -> Reply:
        try:
            return await super().complete(messages, schema=schema, sample=sample)
        except TransientError as error:
            if _BROKEN not in str(error) or schema is not None:
                raise
        under_grammar = copy(self)
        under_grammar.parameters = merge(self.parameters, {"extra_body": {"grammar": _TEXT}})
        return await OwnServerChat.complete(under_grammar, messages, schema=schema, sample=sample)

    def log_likelihoods(self, messages: Sequence[Message], continuations: Sequence[str]) -> tuple[str, list[float]]:
        """The prompt as the server writes it, and the log-likelihood of each text that may follow, in nats.

        A continuation is cut into tokens together with the prompt. The server tells how likely the next token is, so
        that one of several tokens is asked for token by token.

        Raises:
            UserError: the server cannot be asked, or a text adds no token.
        """
        self.prepare()
        turns = self._turns(messages) if self._turns else messages
        prompt = str(self._post("/apply-template", {"messages": [dict(turn) for turn in turns]})["prompt"])
        ids = self._ids(prompt.rstrip(" "))
        values = []
        next_of: dict[tuple[int, ...], dict[int, float]] = {}
        for text in continuations:
            so_far, value = list(ids), 0.0
            added = self._ids(prompt + text)[len(ids) :]
            if not added:
                raise UserError(f"llm {self.name}: {text!r} adds no token to the prompt before it")
            for token in added:
                known = next_of.setdefault(tuple(so_far), {})
                if token not in known:
                    known.update(self._next(so_far, token))
                value += known[token]
                so_far.append(token)
            values.append(value)
        return prompt, values

    def _ids(self, text: str) -> list[int]:
        asked = {"content": text, "add_special": True, "parse_special": True}
        return [int(token) for token in self._post("/tokenize", asked)["tokens"]]

    def _next(self, ids: Sequence[int], token: int) -> dict[int, float]:
        """Log-likelihoods of tokens after some others, of a given one in any case."""
        for number in (_FEW, 10**7):
            known = self._likeliest(ids, number)
            if token in known:
                return known
        raise UserError(f"llm {self.name}: llama.cpp tells no likelihood of token {token}")

    def _likeliest(self, ids: Sequence[int], number: int) -> dict[int, float]:
        """Log-likelihoods of so many tokens after some others.

        The server writes one of them, and where that is no text, or the first byte of a character, it answers with an
        error or without likelihoods. A grammar has it write something else; the likelihoods are those before it.
        """
        asked = {"prompt": list(ids), "n_predict": 1, "n_probs": number, "temperature": 0.0, "cache_prompt": False}
        try:
            reply = self._post("/completion", asked)
        except UserError as error:
            if _BROKEN not in str(error):
                raise
            reply = {}
        if "completion_probabilities" not in reply:
            reply = self._post("/completion", {**asked, "grammar": _SIGN})
        (step,) = reply["completion_probabilities"]
        return {int(one["id"]): float(one["logprob"]) for one in step["top_logprobs"]}

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(
            str(self._url).removesuffix("/v1") + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with straight.open(request, timeout=self._timeout) as reply:
                return json.load(reply)
        except HTTPError as error:
            said = " ".join(error.read().decode("utf-8", "replace").split())
            raise UserError(f"llm {self.name}: llama.cpp{path}: {error}: {said[:300]}") from error
        except (OSError, HTTPException, ValueError) as error:
            cause = self._running[0].failure() if self._running else None
            raise UserError(cause or f"llm {self.name}: llama.cpp{path}: {error}") from error
