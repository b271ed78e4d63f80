"""Asks a Hugging Face model in this process: nothing leaves the machine."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.ranges import Count, Device, FloatType, NotNegative, Seed, ShareAboveZero
from hypnos.artefacts.tokenizer_file import TOKENIZER, read_tokenizer_file
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel, Reply, ReplyLimits
from hypnos.llm.failures import RefusedError
from hypnos.llm.requests import Message


class LocalChat(ChatModel):
    """Answers one request at a time, greedily or sampled from a seed; loaded at the first one."""

    def __init__(
        self,
        *,
        name: str,
        directory: str,
        max_new_tokens: Count = 512,
        temperature: NotNegative = 0.0,
        top_p: ShareAboveZero = 1.0,
        seed: Seed = 0,
        dtype: FloatType | Literal["auto"] = "auto",
        device: Device = "auto",
    ) -> None:
        """Name the model; nothing is loaded yet.

        Args:
            name: how errors and tables call it.
            directory: a Hugging Face directory whose tokenizer has a chat template.
            max_new_tokens: of one reply.
            temperature: 0 for greedy.
            top_p: of sampling.
            seed: of sampling; prompt and number of the repeat count too, so that an order of requests changes nothing.
            dtype: `auto` for the directory's own, or a name such as `float32`.
            device: `auto` for the first GPU, if there is one.
        """
        if temperature < 0 or max_new_tokens < 1:
            raise UserError(f"llm {name}: temperature {temperature}, max_new_tokens {max_new_tokens}: too small")
        self.name = name
        self.max_tokens = max_new_tokens
        self.parameters = {"max_new_tokens": max_new_tokens, "dtype": dtype}
        if temperature:
            self.parameters |= {"temperature": temperature, "top_p": top_p, "seed": seed}
        self._directory = Path(directory)
        self._dtype = dtype
        self._device = device
        self._content: str | None = None
        self._loaded: list[tuple[Any, Any]] = []
        self._lock = threading.Lock()

    @property
    def model(self) -> str:  # type: ignore[override]
        """The folder's name and the hash of its files: another folder of the same content is the same model."""
        if self._content is None:
            if not (self._directory / "config.json").is_file():
                raise UserError(f"llm {self.name}: {self._directory}: no Hugging Face directory (no config.json)")
            self._content = file_key(self._directory)
        return f"{self._directory.name}@{self._content[:16]}"

    def identity(self) -> dict[str, Any]:
        content = self.model.rpartition("@")[2]
        return {"model": content, "address": self.address, "parameters": dict(self.parameters)}

    def prepare(self) -> None:
        """Load weights and tokenizer.

        Raises:
            UserError: the directory is no model, or its tokenizer has no chat template.
        """
        with self._lock:
            if not self._loaded:
                self._loaded.append(self._load())

    def limited(self, limits: ReplyLimits) -> "LocalChat":
        if limits.thinking != "as_is":
            raise UserError(f"llm {self.name}: thinking is not switched here; as a folder in models=[...] it is")
        other = copy(self)  # which shares the weights, whoever loads them
        other.max_tokens = limits.tokens
        other.parameters = {**self.parameters, "max_new_tokens": limits.tokens}
        return other

    async def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None, sample: int) -> Reply:
        return await asyncio.to_thread(self._complete, [dict(message) for message in messages], sample)

    def _complete(self, messages: list[dict[str, str]], sample: int) -> Reply:
        import torch

        self.prepare()
        model, tokenizer = self._loaded[0]
        started = time.monotonic()
        with self._lock, torch.random.fork_rng(enabled=self._sampled()), torch.inference_mode():
            inputs = tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(model.device)
            prompt_length = inputs["input_ids"].shape[1]
            longest = getattr(model.config, "max_position_embeddings", None)
            if longest is not None and prompt_length >= longest:
                raise RefusedError("too long", f"{prompt_length} tokens, the model takes {longest}")
            if self._sampled():
                torch.manual_seed(self._seed(messages, sample))
            reply = model.generate(**inputs, max_new_tokens=self.max_tokens, **self._sampling())[0, prompt_length:]
        ended = len(reply) < self.max_tokens or int(reply[-1]) in _end_tokens(model)
        return Reply(
            text=str(tokenizer.decode(reply, skip_special_tokens=True)),
            model=self.model,
            tokens_in=prompt_length,
            tokens_out=len(reply),
            cost=0.0,
            seconds=time.monotonic() - started,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            finish="stop" if ended else "length",
        )

    def _load(self) -> tuple[Any, Any]:
        import torch
        from transformers import AutoModelForCausalLM

        device = self._device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        assert self.model  # names a folder that is none before the loader does
        try:
            tokenizer = _load_tokenizer(self._directory)
            model = AutoModelForCausalLM.from_pretrained(self._directory, dtype=self._dtype, trust_remote_code=False)
            model = model.to(device).eval()
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            line = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(f"llm {self.name}: {self._directory}: cannot be loaded: {line}") from error
        if not tokenizer.chat_template:
            raise UserError(f"llm {self.name}: {self._directory}: its tokenizer has no chat template")
        return model, tokenizer

    def _sampled(self) -> bool:
        return "temperature" in self.parameters

    def _sampling(self) -> dict[str, Any]:
        if not self._sampled():
            return {"do_sample": False}
        return {"do_sample": True, "temperature": self.parameters["temperature"], "top_p": self.parameters["top_p"]}

    def _seed(self, messages: list[dict[str, str]], sample: int) -> int:
        parts = {"messages": messages, "sample": sample, "seed": self.parameters["seed"]}
        return int(content_key(parts)[:15], 16)


def _end_tokens(model: Any) -> set[int]:
    end = model.generation_config.eos_token_id
    return set(end) if isinstance(end, list) else {end}


def _load_tokenizer(directory: Path) -> Any:
    if (directory / TOKENIZER).is_file():
        return read_tokenizer_file(directory)
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(directory, trust_remote_code=False)
