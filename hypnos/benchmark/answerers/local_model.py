"""Has a Hugging Face directory answer: by generation in large batches, or by the log-likelihood of options."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from hypnos.artefacts.model_folder import tokenizer_files
from hypnos.artefacts.ranges import Count, Device, FloatType, Positive
from hypnos.benchmark.answerers.answerer import Answerer, usual_answer_tokens
from hypnos.benchmark.answerers.likelihood_prompts import make_questions, to_predictions
from hypnos.benchmark.answerers.names import name_entries
from hypnos.benchmark.answerers.prompt_form import PromptForm
from hypnos.benchmark.answerers.text.model_text import ModelText
from hypnos.benchmark.answerers.weights import (
    ReadTokenizer,
    adapter_base,
    bytes_per_token,
    check_rows,
    choose_device,
    choose_dtype,
    load_model,
    locate,
    read_config,
    stop_ids,
    weights_key,
)
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType, thought_share, without_room
from hypnos.benchmark.settings import SAMPLING, THINKING
from hypnos.benchmark.tasks.task import Task
from hypnos.benchmark.thinking import Mode, TokenLimits, read_thinking
from hypnos.errors import UserError
from hypnos.llm.estimate import Estimate
from hypnos.reasoning import cut_thinking, leaves_open
from hypnos.workers.memory import free_memory

if TYPE_CHECKING:
    from hypnos.benchmark.inference.generate import BatchRow

log = logging.getLogger(__name__)

VERSION = 1
"""Raised when a change of the code changes what a model answers."""

CHUNK = 256
"""Choice questions whose log-likelihoods are computed and kept together."""

LIKELIHOOD_BATCH = {"cpu": 512, "cuda": 16384}
"""Tokens of one batch of prompts that are only read. A CPU is faster with few: they stay in its cache."""

STEP = {"cpu": 16, "cuda": 256}  # tokens of prompts read in the time of a step of writing; a GPU's is estimated

CROWD = 8
"""Bytes of keys and values for each byte of weights, at most. A step reads the weights once for all rows: where keys
and values are far more to read, further rows share next to nothing, and push each other out of the cache."""

CLOSING = 32
"""Most tokens of what ends a thought."""


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
        thinking: Annotated[Mapping[str, Any], THINKING] | None = None,
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
            thinking: `mode` (`on`, `off`, `as_is`) and `tokens`, see `hypnos.benchmark.thinking`; None: as a task says.
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
        self.thinking = read_thinking(thinking, self.name)
        self.sampling = Sampling(**sampling or {})
        self.device = choose_device(device)
        self.dtype = choose_dtype(self.base or self.folder, dtype, self.device)
        tokenizer_folder = self.folder if tokenizer_files(self.folder) or self.base is None else self.base
        if not tokenizer_files(tokenizer_folder) and not (tokenizer_folder / "vocab.json").is_file():
            raise UserError(f"{tokenizer_folder}: no tokenizer here (tokenizer.json or tokenizer.model)")
        self._form = form
        self.text = ModelText(tokenizer_folder, form=form, read_plain=read_tokenizer)
        self._cache_bytes = cache_gib * 2**30
        self.rows = rows
        self._max_length = max_length
        self._loaded: Any = None

    def key(self, task: Task, request_type: RequestType) -> dict[str, Any]:
        key: dict[str, Any] = {
            "version": VERSION,
            "weights": weights_key(self.folder),
            "base": weights_key(self.base) if self.base else None,
            "dtype": self.dtype,
            "form": self._form.key() if self._form else None,
            "max_length": self._max_length,
        }
        key |= self.text.key()
        limits = task.limits(self.thinking)
        if request_type == "generation":
            return key | limits.key() | {"sampling": self.sampling.key()}
        return key | ({} if limits.thinking.mode == "as_is" else {"thinking": "off"})

    def check(self, tasks: Sequence[Task]) -> None:
        """Check config and tokenizer, and that thoughts and answers fit; the weights are left for later."""
        self._config()
        for task in tasks:
            limits = task.limits(self.thinking)
            self.text.check(limits.thinking.mode)
            if limits.thought and limits.total >= self.max_length:
                raise UserError(
                    f"{task.name} with {self.name}: thinking.tokens {limits.thought} and max_new_tokens {limits.answer}"
                    f" do not fit its context of {self.max_length} tokens"
                )

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
        free_memory()

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The text this model continues."""
        return self.text.render(messages)

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids of prompts as `render` makes them."""
        return self.text.encode(prompts)

    def _generate(self, task: Task, items: Sequence[Item], done: set[tuple[str, int]]) -> Iterator[list[Prediction]]:
        from hypnos.benchmark.inference.generate import batches, decode

        model = self.load()
        limits = task.limits(self.thinking)
        prompts = [self.text.render(task.messages(item), limits.thinking.mode) for item in items]
        encoded = self.encode(prompts)
        room = [self.max_length - len(ids) for ids in encoded]
        if cut := sum(tokens < 1 for tokens in room):
            said = "%s on %s: %d prompts fill its %d tokens: no answer"
            log.warning(said, self.name, task.name, cut, self.max_length)
        asked = [(i, repeat) for i in range(len(room)) for repeat in range(self.sampling.repeats)]
        fitting, too_long = ([pair for pair in asked if (room[pair[0]] > 0) == fits] for fits in (True, False))
        if any((items[i].id, repeat) not in done for i, repeat in too_long):
            yield [without_room(items[i].id, repeat, prompts[i]) for i, repeat in too_long]
        sizes = [len(encoded[i]) + min(limits.total, room[i]) for i, _ in fitting]
        padding = limits.total * STEP.get(self.device.partition(":")[0], 64)
        for batch in batches(sizes, tokens=self.tokens_at_once(), rows=self.rows, padding=padding):
            members = [fitting[k] for k in batch]
            if all((items[i].id, repeat) in done for i, repeat in members):
                continue
            rows = [self._row(items[i], repeat, prompts[i], encoded[i], limits) for i, repeat in members]
            written = decode(
                model, rows, stops=self._stops, pad=self._pad, sampling=self.sampling, ended=self.text.ended()
            )
            yield [
                self._prediction(items[i], repeat, prompts[i], answer, limits, room[i])
                for (i, repeat), answer in zip(members, written, strict=True)
            ]

    def _row(self, item: Item, repeat: int, prompt: str, ids: list[int], limits: TokenLimits) -> "BatchRow":
        """A row of a batch: where the context is short, the thought is, and the answer keeps its tokens."""
        from hypnos.benchmark.inference.generate import BatchRow, ThoughtBudget

        room = self.max_length - len(ids)
        thought = min(limits.thought, room - limits.answer - CLOSING)
        budget = ThoughtBudget(thought, self.text.closing(prompt), CLOSING) if thought > 0 else None
        limit = thought + limits.answer if budget else min(limits.total, room)
        draws = self.sampling.draws(item.id, repeat, limit + (CLOSING if budget else 0))
        return BatchRow(prompt=ids, limit=limit, draws=draws, thought=budget)

    def _prediction(
        self,
        item: Item,
        repeat: int,
        prompt: str,
        written: tuple[list[int], bool, int],
        limits: TokenLimits,
        room: int,
    ) -> Prediction:
        ids, finished, closing = written
        raw = self.text.decode(ids)
        answer, thought = cut_thinking(self.text.cut_at_stop(raw), opened=leaves_open(prompt))
        return Prediction(
            item=item.id,
            sample=repeat,
            prompt=prompt,
            raw=raw,
            answer=answer,
            finished=finished,
            tokens=len(ids) - closing,
            thought=thought,
            thought_tokens=thought_share(len(ids) - closing, thought, answer),
            thought_cut=closing > 0 or (thought > 0 and not answer and not finished),
            out_of_context=not finished and room < limits.total + (CLOSING if limits.thought else 0),
        )

    def _compare_options(
        self, task: Task, items: Sequence[Item], request_type: RequestType, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        from hypnos.benchmark.inference.likelihood import compute_log_likelihoods, encode

        model = self.load()
        mode: Mode = "as_is" if task.limits(self.thinking).thinking.mode == "as_is" else "off"
        tokens = min(self.tokens_at_once(), LIKELIHOOD_BATCH.get(self.device.partition(":")[0], 8192))
        for start in range(0, len(items), CHUNK):
            chunk = items[start : start + CHUNK]
            if all((item.id, 0) in done for item in chunk):
                continue
            questions = make_questions(task, chunk, request_type)
            # A letter is likely or not where the answer begins, and not where a thought would.
            texts = [self.text.render(question.messages, mode) for question in questions]
            requests = encode(self.encode, texts, [question.continuations for question in questions])
            fitting = [k for k, request in enumerate(requests) if request.longest <= self.max_length]
            values = compute_log_likelihoods(model, [requests[k] for k in fitting], tokens=tokens)
            yield to_predictions(chunk, questions, texts, dict(zip(fitting, values, strict=True)), request_type)

    def load(self) -> Any:
        """The model itself, as transformers has it; read once, with what ends its answers."""
        if self._loaded is None:
            tokenizer = self.text.tokenizer
            model = load_model(self.folder, base=self.base, dtype=self.dtype, device=self.device)
            check_rows(self.folder, tokenizer, model)
            self._stops = stop_ids(model, tokenizer)
            self._pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(self._stops, default=0)
            self._loaded = model
        return self._loaded

    def _config(self) -> Any:
        """The model's config: its own once it is loaded, before that the one on disk."""
        return read_config(self.base or self.folder) if self._loaded is None else self._loaded.config

    @property
    def max_length(self) -> int:
        """Most tokens of prompt and answer together."""
        config = self._config().get_text_config()
        return self._max_length or int(getattr(config, "max_position_embeddings", None) or 4096)

    def tokens_at_once(self) -> int:
        """How many tokens' keys and values are kept at once: as many as the memory holds, and see `CROWD`."""
        model = self.load()
        return int(min(self._cache_bytes, CROWD * model.get_memory_footprint()) / bytes_per_token(model))
