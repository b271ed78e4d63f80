"""Has a Hugging Face directory answer: by generation in large batches, or by the log-likelihood of options."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from hypnos.artefacts.model_folder import tokenizer_files
from hypnos.artefacts.ranges import Count, Device, FloatType, Positive
from hypnos.benchmark.answerers.answerer import Answerer, usual_answer_tokens
from hypnos.benchmark.answerers.likelihood_prompts import make_questions, to_predictions
from hypnos.benchmark.answerers.names import name_entries
from hypnos.benchmark.answerers.prompt_form import PromptForm, render_template
from hypnos.benchmark.answerers.weights import (
    ReadTokenizer,
    adapter_base,
    choose_device,
    choose_dtype,
    load_model,
    load_tokenizer,
    locate,
    stop_ids,
    weights_key,
)
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType
from hypnos.benchmark.settings import SAMPLING
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from hypnos.llm.estimate import Estimate
from hypnos.reasoning import cut_thinking, leaves_open

log = logging.getLogger(__name__)

VERSION = 1
"""Raised when a change of the code changes what a model answers."""

CHUNK = 256
"""Choice questions whose log-likelihoods are computed and kept together."""

LIKELIHOOD_BATCH = {"cpu": 512, "cuda": 16384}
"""Tokens of one batch of prompts that are only read. A CPU is faster with few: they stay in its cache."""

CROWD = 8
"""Bytes of keys and values for each byte of weights, at most. A step reads the weights once for all rows: where keys
and values are far more to read, further rows share next to nothing, and push each other out of the cache."""


class LocalModel(Answerer):
    """A model in this process: a stage of ours, any directory of weights, or an adapter on its base."""

    gives_likelihoods = True

    def __init__(
        self,
        *,
        path: str,
        name: str | None = None,
        base: str | None = None,
        form: PromptForm | None = None,
        read_tokenizer: ReadTokenizer | None = None,
        sampling: Annotated[Mapping[str, Any], SAMPLING] | None = None,
        dtype: FloatType | Literal["auto"] = "auto",
        device: Device = "auto",
        cache_gib: Positive = 4.0,
        rows: Count = 128,
        max_length: Count | None = None,
    ) -> None:
        """Find the model; its weights are loaded before the first question that is not answered yet.

        Args:
            path: a folder, or `hub:owner/name`.
            name: in the report; by default the end of the path.
            base: of an adapter, where it is not where the adapter says.
            form: how turns become text; None for the directory's own chat template, or, where it has none, a plain
                form of question and answer.
            read_tokenizer: reads a folder with nothing but a `tokenizer.model`.
            sampling: `temperature, top_p, seed, repeats`; by default greedy, once.
            dtype: auto: float32 on a CPU, else what the weights are kept in.
            device: auto: a GPU where there is one.
            cache_gib: memory for keys and values, which bounds a batch.
            rows: most prompts of one batch.
            max_length: tokens of prompt and answer together; None: as the model's config says.

        Raises:
            UserError: nothing is there, or it lacks its tokenizer, its config or its base.
        """
        from hypnos.benchmark.inference.generate import Sampling

        self.folder = locate(path)
        self.base = adapter_base(self.folder, base)
        self.name = name or name_entries([path])[0]
        self.form = form
        self.sampling = Sampling(**sampling or {})
        self.device = choose_device(device)
        self.dtype = choose_dtype(self.base or self.folder, dtype, self.device)
        self._tokenizer_folder = self.folder if tokenizer_files(self.folder) or self.base is None else self.base
        if not tokenizer_files(self._tokenizer_folder) and not (self._tokenizer_folder / "vocab.json").is_file():
            raise UserError(f"{self._tokenizer_folder}: no tokenizer here (tokenizer.json or tokenizer.model)")
        self._read_tokenizer = read_tokenizer
        self._cache_bytes = cache_gib * 2**30
        self.rows = rows
        self._max_length = max_length
        self._loaded_tokenizer: Any = None
        self._loaded: tuple[Any, Any] | None = None

    def key(self, task: Task, request_type: RequestType) -> dict[str, Any]:
        key: dict[str, Any] = {
            "version": VERSION,
            "weights": weights_key(self.folder),
            "base": weights_key(self.base) if self.base else None,
            "dtype": self.dtype,
            "form": self.form.key() if self.form else None,
            "max_length": self._max_length,
        }
        if request_type == "generation":
            key |= {"max_new_tokens": task.max_new_tokens, "sampling": self.sampling.key()}
        return key

    def check(self, tasks: Sequence[Task]) -> None:
        """Check that the tokenizer can be read; the weights are left for later."""
        self._tokenizer()

    def answer(
        self, task: Task, items: Sequence[Item], request_type: RequestType, *, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        if request_type == "generation":
            return self._generate(task, items, done)
        return self._compare_options(task, items, request_type, done)

    def expect(self, task: Task, request_type: RequestType) -> Estimate:
        """Counts with the model's own tokenizer; it costs no dollars, and nothing tells the hours beforehand."""
        items = task.items()
        generates = request_type == "generation"
        repeats = self.sampling.repeats if generates else 1
        messages = (
            [task.messages(item) for item in items]
            if generates
            else [question.messages for question in make_questions(task, items, request_type)]
        )
        return Estimate(
            model=self.name,
            requests=len(messages) * repeats,
            held=0,
            tokens_in=sum(map(len, self.encode([self.render(turns) for turns in messages]))) * repeats,
            tokens_out=len(items) * repeats * usual_answer_tokens(task) if generates else 0,
            usd=0.0,
            most_usd=0.0,
            hours=None,
        )

    def close(self) -> None:
        self._loaded = None

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The text this model continues."""
        tokenizer = self._tokenizer()
        if self.form is None and tokenizer.chat_template:
            return render_template(tokenizer, messages)
        return (self.form or PromptForm()).render(messages)

    def _generate(self, task: Task, items: Sequence[Item], done: set[tuple[str, int]]) -> Iterator[list[Prediction]]:
        from hypnos.benchmark.inference.generate import BatchRow, batches, decode

        model, _ = self._load()
        prompts = [self.render(task.messages(item)) for item in items]
        encoded = self.encode(prompts)
        limits = [min(task.max_new_tokens, self.max_length - len(ids)) for ids in encoded]
        if cut := sum(limit < 1 for limit in limits):
            log.warning(
                "%s on %s: %d prompts fill its %d tokens: no answer", self.name, task.name, cut, self.max_length
            )
        repeats = range(self.sampling.repeats)
        fitting = [(i, repeat) for i, limit in enumerate(limits) if limit > 0 for repeat in repeats]
        too_long = [(i, repeat) for i, limit in enumerate(limits) if limit < 1 for repeat in repeats]
        if any((items[i].id, repeat) not in done for i, repeat in too_long):
            yield [_empty(items[i], repeat, prompts[i]) for i, repeat in too_long]
        sizes = [len(encoded[i]) + limits[i] for i, _ in fitting]
        for batch in batches(sizes, tokens=self.tokens_at_once(), rows=self.rows):
            members = [fitting[k] for k in batch]
            if all((items[i].id, repeat) in done for i, repeat in members):
                continue
            rows = [
                BatchRow(prompt=encoded[i], limit=limits[i], draws=self.sampling.draws(items[i].id, repeat, limits[i]))
                for i, repeat in members
            ]
            written = decode(
                model, rows, stops=self._stops, pad=self._pad, sampling=self.sampling, ended=self._stop_text()
            )
            yield [
                self._prediction(items[i], repeat, prompts[i], ids, finished)
                for (i, repeat), (ids, finished) in zip(members, written, strict=True)
            ]

    def _prediction(self, item: Item, repeat: int, prompt: str, ids: list[int], finished: bool) -> Prediction:
        raw = self._decode_text(ids)
        end = min((raw.find(stop) for stop in self._form_stops() if stop in raw), default=len(raw))
        answer, thought = cut_thinking(raw[:end], opened=leaves_open(prompt))
        return Prediction(
            item=item.id,
            sample=repeat,
            prompt=prompt,
            raw=raw,
            answer=answer,
            finished=finished,
            tokens=len(ids),
            thought=thought,
        )

    def _compare_options(
        self, task: Task, items: Sequence[Item], request_type: RequestType, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        from hypnos.benchmark.inference.likelihood import compute_log_likelihoods, encode

        model, tokenizer = self._load()
        special = self._adds_special()
        tokens = min(self.tokens_at_once(), LIKELIHOOD_BATCH.get(self.device.partition(":")[0], 8192))
        for start in range(0, len(items), CHUNK):
            chunk = items[start : start + CHUNK]
            if all((item.id, 0) in done for item in chunk):
                continue
            questions = make_questions(task, chunk, request_type)
            texts = [self.render(question.messages) for question in questions]
            requests = encode(tokenizer, texts, [question.continuations for question in questions], special=special)
            fitting = [k for k, request in enumerate(requests) if request.longest <= self.max_length]
            values = compute_log_likelihoods(model, [requests[k] for k in fitting], tokens=tokens)
            yield to_predictions(chunk, questions, texts, dict(zip(fitting, values, strict=True)), request_type)

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids of prompts as `render` makes them."""
        return self._tokenizer()(list(prompts), add_special_tokens=self._adds_special())["input_ids"]

    def _adds_special(self) -> bool:
        """A chat template writes BOS itself; a plain form leaves it to the tokenizer."""
        return self.form is not None or not self._tokenizer().chat_template

    def _decode_text(self, ids: list[int]) -> str:
        return str(self._tokenizer().decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def _form_stops(self) -> tuple[str, ...]:
        if self.form is None and self._tokenizer().chat_template:
            return ()
        return (self.form or PromptForm()).stop

    def _stop_text(self) -> Callable[[list[int]], bool] | None:
        stops = self._form_stops()
        if not stops:
            return None
        # The end of a text is decoded, and no more: a stop is at most so many tokens as it has characters.
        tail = 4 + 2 * max(map(len, stops))
        return lambda ids: any(stop in self._decode_text(ids[-tail:]) for stop in stops)

    def load(self) -> Any:
        """The model itself, as transformers has it."""
        return self._load()[0]

    def _tokenizer(self) -> Any:
        if self._loaded_tokenizer is None:
            self._loaded_tokenizer = load_tokenizer(self._tokenizer_folder, self._read_tokenizer)
        return self._loaded_tokenizer

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            tokenizer = self._tokenizer()
            model = load_model(self.folder, base=self.base, dtype=self.dtype, device=self.device)
            if len(tokenizer) > model.get_input_embeddings().num_embeddings:
                raise UserError(
                    f"{self.folder}: the tokenizer has {len(tokenizer)} pieces but the model only "
                    f"{model.get_input_embeddings().num_embeddings} embedding rows"
                )
            self._stops = stop_ids(model, tokenizer)
            self._pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(self._stops, default=0)
            self._loaded = model, tokenizer
        return self._loaded

    @property
    def max_length(self) -> int:
        """Most tokens of prompt and answer together."""
        config = self._load()[0].config.get_text_config()
        return self._max_length or int(getattr(config, "max_position_embeddings", None) or 4096)

    def tokens_at_once(self) -> int:
        """How many tokens' keys and values are kept at once: as many as the memory holds, and see `CROWD`."""
        model = self._load()[0]
        config = model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        cache_bytes = min(self._cache_bytes, CROWD * model.get_memory_footprint())
        return int(cache_bytes / (2 * config.num_hidden_layers * heads * width * model.dtype.itemsize))


def _empty(item: Item, repeat: int, prompt: str) -> Prediction:
    return Prediction(
        item=item.id, sample=repeat, prompt=prompt, raw="", answer="", finished=False, tokens=0, rule="prompt too long"
    )
