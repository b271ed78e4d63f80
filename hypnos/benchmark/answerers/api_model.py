"""Has a model behind an address answer, through the journal and the budget."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hypnos.artefacts.ranges import Count
from hypnos.benchmark.answerers.answerer import Answerer, usual_answer_tokens
from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from hypnos.llm.chat import CUT_FINISHES, ChatModel
from hypnos.llm.client import Client
from hypnos.llm.estimate import Estimate
from hypnos.llm.requests import Request
from hypnos.reasoning import cut_thinking

VERSION = 2
"""Raised when the same reply becomes another answer."""


class ChatAnswers(Answerer):
    """A chat model, asked each question in a conversation of its own."""

    def __init__(self, *, chat: ChatModel, client: Client, name: str | None = None, repeats: Count = 1) -> None:
        """Keep what is needed to ask; nothing is sent before the first question.

        Args:
            chat: who is asked.
            client: sends the requests.
            name: in the report; by default the chat model's.
            repeats: answers to each question.
        """
        self.chat = chat
        self.client = client
        self.name = name or chat.name
        self.repeats = repeats

    def key(self, task: Task, request_type: RequestType) -> dict[str, Any]:
        return {"version": VERSION, "chat": self.chat.identity(), "repeats": self.repeats}

    def check(self, tasks: Sequence[Task]) -> None:
        """Check that nothing is asked that must stay on this machine."""
        if self.chat.is_local(self.client.local_addresses):
            return
        for task in tasks:
            confined = next((item for item in task.items() if "local" in (task.egress, item.egress)), None)
            if confined is not None:
                raise UserError(
                    f"{task.name} with {self.name}: {confined.id} must stay on this machine (egress: local), and "
                    f"{self.chat.address} is none of client.local_addresses"
                )

    def answer(
        self, task: Task, items: Sequence[Item], request_type: RequestType, *, done: set[tuple[str, int]]
    ) -> Iterator[list[Prediction]]:
        due = [(item, repeat) for item in items for repeat in range(self.repeats) if (item.id, repeat) not in done]
        requests = list(self._requests(task, due))
        by_request = {f"{task.name}/{item.id}": item for item in items}
        replies = self.client.ask(
            self.chat,
            requests,
            parse=lambda text: text,
            attempts=1,
            what=f"{self.name} on {task.name}",
            tells=lambda request, text: _tells(text, by_request[request.id]),
        )
        for (item, repeat), reply in zip(due, replies, strict=True):
            answer, thought = cut_thinking(reply.text)
            yield [
                Prediction(
                    item=item.id,
                    sample=repeat,
                    prompt=task.messages(item)[-1]["content"],
                    raw=reply.text,
                    answer=answer,
                    finished=reply.finish not in CUT_FINISHES,
                    tokens=reply.tokens_out,
                    thought=thought,
                    rule=reply.reason,
                )
            ]

    def expect(self, task: Task, request_type: RequestType) -> Estimate:
        due = ((item, repeat) for item in task.items() for repeat in range(self.repeats))
        tokens = min(self.chat.max_tokens, usual_answer_tokens(task))
        return self.client.estimate(self.chat, self._requests(task, due), tokens_out=tokens)

    def close(self) -> None:
        self.client.close()

    def _requests(self, task: Task, due: Iterable[tuple[Item, int]]) -> Iterator[Request]:
        for item, repeat in due:
            yield Request(
                id=f"{task.name}/{item.id}",
                messages=tuple(task.messages(item)),
                egress="local" if "local" in (task.egress, item.egress) else "any",
                first_sample=repeat,
            )


def _tells(text: str, item: Item) -> bool:
    """Whether a reply says anything beside its reasoning; to a choice question, which options it chooses."""
    answer, _ = cut_thinking(text)
    return bool(answer.strip()) and (item.kind != "choice" or extract(answer, item)[0] is not None)


def key_variable(model: str) -> str | None:
    """The environment variable in which litellm expects the key of a model's provider.

    Raises:
        UserError: litellm does not know the model.
    """
    from hypnos.llm.providers.litellm import load_litellm

    litellm = load_litellm()
    try:
        provider = litellm.get_llm_provider(model)[1]
    except Exception as error:  # an exception class of its own for each reason
        raise UserError(
            f"models: {model} is no folder, and no model that litellm knows "
            "(a folder, hub:<owner>/<name>, answers:<file>, or <provider>/<model>)"
        ) from error
    missing = litellm.validate_environment(model).get("missing_keys") or []
    return next((name for name in missing if name.endswith("_KEY")), f"{provider.upper()}_API_KEY")
