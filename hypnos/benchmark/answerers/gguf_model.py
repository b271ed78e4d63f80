"""Has a GGUF file answer through llama.cpp: what was quantised, measured beside what it was made of."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.benchmark.answerers.likelihood_prompts import make_questions, to_predictions
from hypnos.benchmark.answerers.prompt_form import PromptForm, as_template, broken
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType
from hypnos.benchmark.settings import SAMPLING, THINKING
from hypnos.benchmark.tasks.task import Task
from hypnos.llm.client import Client
from hypnos.llm.engine.gguf_chat import GgufChat
from hypnos.llm.engine.gguf_file import read_gguf
from hypnos.llm.engine.llama_cpp import LlamaServer
from hypnos.llm.estimate import Estimate

CHUNK = 32
"""Choice questions whose log-likelihoods are kept together."""


class GgufModel(Answerer):
    """A model in one file, asked in words and by likelihood through a server that the command starts and ends."""

    gives_likelihoods = True

    def __init__(
        self,
        *,
        path: str,
        engine: LlamaServer,
        client: Client,
        name: str | None = None,
        form: PromptForm | None = None,
        sampling: Annotated[Mapping[str, Any], SAMPLING] | None = None,
        thinking: Annotated[Mapping[str, Any], THINKING] | None = None,
    ) -> None:
        """Read the head of the file; nothing is started before the first question.

        Args:
            path: of the file.
            engine: how its server is started.
            client: sends the requests.
            name: in the report; by default the file's.
            form: how turns become text; None for the file's own chat template, or, where it has none, a plain form.
            sampling: `temperature, top_p, seed, repeats`; by default greedy, once.
            thinking: `mode` and `tokens`; None: as a task says.

        Raises:
            UserError: the file, the server's program or a library is not there.
        """
        model = read_gguf(Path(path).expanduser().absolute())
        engine.program()
        self.name = name or model.file.stem
        form = form or (None if model.template else PromptForm())
        sampling = sampling or {}
        parameters: dict[str, Any] = {"temperature": sampling.get("temperature", 0.0)}
        body: dict[str, Any] = {"cache_prompt": False}  # an answer does not depend on what was asked before
        if parameters["temperature"]:
            parameters |= {"top_p": sampling.get("top_p", 1.0), "seed": sampling.get("seed", 0)}
            body |= {"top_k": 0, "min_p": 0.0}  # llama.cpp's own defaults cut the tail
        if form is not None and form.stop:
            parameters["stop"] = list(form.stop)
        self._chat = GgufChat(
            name=self.name,
            model=model,
            engine=engine,
            parameters=parameters | {"extra_body": body},
            template=as_template(form) if form else None,
            turns=lambda turns: broken(model.control, turns),
        )
        self._words = ChatAnswers(
            chat=self._chat,
            client=client,
            name=self.name,
            repeats=sampling.get("repeats", 1),
            thinking=thinking,
        )

    def key(self, task: Task, request_type: RequestType) -> dict[str, Any]:
        if request_type == "generation":
            return self._words.key(task, request_type)
        identity = self._chat.identity()
        return {name: identity[name] for name in ("model", "address", "engine", "template")}

    def check(self, tasks: Sequence[Task]) -> None:
        self._words.check(tasks)

    def answer(
        self, task: Task, items: Sequence[Item], request_type: RequestType, *, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        if request_type == "generation":
            return self._words.answer(task, items, request_type, done=done)
        return self._compare_options(task, items, request_type, done)

    def expect(self, task: Task, request_type: RequestType) -> Estimate:
        if request_type == "generation":
            return self._words.expect(task, request_type)
        return super().expect(task, request_type)

    def close(self) -> None:
        self._words.close()
        self._chat.close()

    def _compare_options(
        self, task: Task, items: Sequence[Item], request_type: RequestType, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        for start in range(0, len(items), CHUNK):
            chunk = items[start : start + CHUNK]
            if all((item.id, 0) in done for item in chunk):
                continue
            questions = make_questions(task, chunk, request_type)
            replies = [self._chat.log_likelihoods(one.messages, one.continuations) for one in questions]
            values = {number: likelihoods for number, (_, likelihoods) in enumerate(replies)}
            yield to_predictions(chunk, questions, [prompt for prompt, _ in replies], values, request_type)
