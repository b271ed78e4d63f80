"""Has a local model answer through a serving engine: its words come from the engine, likelihoods from this process."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.prompt_form import as_template, fitting_turns, without_special
from hypnos.benchmark.answerers.weights import folder_stop_ids
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType
from hypnos.benchmark.tasks.task import Task
from hypnos.llm.client import Client
from hypnos.llm.engine.served_chat import ServedChat
from hypnos.llm.engine.vllm import Vllm
from hypnos.llm.estimate import Estimate


class ServedModel(Answerer):
    """A local model that is asked as a chat model, with the tokens that it is asked with in this process."""

    gives_likelihoods = True

    def __init__(self, *, local: LocalModel, engine: Vllm, client: Client, templates: Path) -> None:
        """Say how it is served; nothing is started before the first question.

        Args:
            local: the model as it would answer here; its settings of batches do not matter.
            engine: how its server is started.
            client: sends the requests.
            templates: folder for the template of a model that has none of its own.
        """
        self.local = local
        self.name = local.name
        self.folder = local.folder
        chat = ServedChat(
            name=local.name,
            directory=str(local.folder),
            base=str(local.base) if local.base else None,
            engine=engine,
            parameters=_parameters(local),
            template=_write_template(local, templates),
            turns=partial(without_special if local.text.form else fitting_turns, local.text.tokenizer),
        )
        self._served = ChatAnswers(
            chat=chat, client=client, name=local.name, repeats=local.sampling.repeats, thinking=None
        )
        self._served.thinking = local.thinking

    def key(self, task: Task, request_type: RequestType) -> dict[str, Any]:
        return self._by(request_type).key(task, request_type)

    def check(self, tasks: Sequence[Task]) -> None:
        self.local.check(tasks)
        self._served.check(tasks)

    def answer(
        self, task: Task, items: Sequence[Item], request_type: RequestType, *, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        if request_type != "generation":
            self._served.close()  # two copies of the weights may not fit
        else:
            self.local.close()
        return self._by(request_type).answer(task, items, request_type, done=done)

    def expect(self, task: Task, request_type: RequestType) -> Estimate:
        return self.local.expect(task, request_type)

    def close(self) -> None:
        self._served.close()
        self.local.close()

    def _by(self, request_type: RequestType) -> Answerer:
        """Who answers requests of this type."""
        return self._served if request_type == "generation" else self.local


def _parameters(local: LocalModel) -> dict[str, Any]:
    """What makes a server answer as the model does in this process: where it stops, and what of it is kept."""
    sampling = local.sampling
    body: dict[str, Any] = {"stop_token_ids": folder_stop_ids(local.base or local.folder, local.text.tokenizer)}
    body["skip_special_tokens"] = False
    parameters: dict[str, Any] = {"temperature": sampling.temperature}
    if sampling.temperature:
        parameters |= {"top_p": sampling.top_p, "seed": sampling.seed}
    if local.text.form is not None:
        body["add_special_tokens"] = local.text.adds_special
        parameters["stop"] = list(local.text.form.stop)
    return parameters | {"extra_body": body}


def _write_template(local: LocalModel, folder: Path) -> Path | None:
    """The file of a plain form as a chat template; None where the model has a template."""
    if local.text.form is None:
        return None
    text = as_template(local.text.form)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{local.folder.name}.jinja"
    file.write_text(text, "utf-8")
    return file
