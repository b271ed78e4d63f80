"""Has a model behind an address answer, through the journal and the budget."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from hypnos.artefacts.ranges import Count
from hypnos.benchmark.answerers.answerer import Answerer, usual_answer_tokens
from hypnos.benchmark.answerers.text.served_thought import beginning, whole_text
from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction, RequestType, thought_share
from hypnos.benchmark.settings import THINKING
from hypnos.benchmark.tasks.task import Task
from hypnos.benchmark.thinking import TokenLimits, read_thinking
from hypnos.errors import UserError
from hypnos.llm.chat import CUT_FINISHES, ChatModel, ReplyLimits
from hypnos.llm.client import Client
from hypnos.llm.estimate import Estimate
from hypnos.llm.requests import Answer, Request
from hypnos.reasoning import cut_thinking

log = logging.getLogger(__name__)

VERSION = 2
"""Raised when the same reply becomes another answer."""


class ChatAnswers(Answerer):
    """A chat model, asked each question in a conversation of its own."""

    def __init__(
        self,
        *,
        chat: ChatModel,
        client: Client,
        name: str | None = None,
        repeats: Count = 1,
        thinking: Annotated[Mapping[str, Any], THINKING] | None = None,
    ) -> None:
        """Keep what is needed to ask; nothing is sent before the first question.

        Args:
            chat: who is asked.
            client: sends the requests.
            name: in the report; by default the chat model's.
            repeats: answers to each question.
            thinking: `mode` and `tokens`, see `hypnos.benchmark.thinking`; None: as a task says.
        """
        self.chat = chat
        self.client = client
        self.name = name or chat.name
        self.repeats = repeats
        self.thinking = read_thinking(thinking, self.name)
        self._models: dict[ReplyLimits, ChatModel] = {}

    def key(self, task: Task, request_type: RequestType) -> dict[str, Any]:
        limits = task.limits(self.thinking)
        own = limits.key() if limits.thought else {}
        return {"version": VERSION, "chat": self._first(limits).identity(), "repeats": self.repeats, **own}

    def check(self, tasks: Sequence[Task]) -> None:
        """Check that nothing is asked that must stay on this machine, and that the model can be asked so."""
        for task in tasks:
            limits = task.limits(self.thinking)
            stated = {"max_tokens", "max_completion_tokens"} & self.chat.parameters.keys()
            if self._first(limits) is not self.chat and stated:
                raise UserError(
                    f"{self.name}: parameters.{min(stated)}: an answer is as long as its task allows, whoever gives it"
                    " (max_new_tokens, and thinking.tokens): null here"
                )
            if limits.thought and self.chat.ends_thoughts() == "never":
                log.warning(
                    "%s on %s: its thoughts cannot be ended from here: thought and answer share %d tokens",
                    *(self.name, task.name, limits.total),
                )
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
        limits = task.limits(self.thinking)
        due = [(item, repeat) for item in items for repeat in range(self.repeats) if (item.id, repeat) not in done]
        resumed = []
        two_steps = self._in_two_steps(limits)
        replies = self._ask(self._first(limits), task, due, ends=not two_steps)
        for (item, repeat), reply in zip(due, replies, strict=True):
            text = whole_text(reply, asked=limits.thinking.mode == "on")
            more = beginning(text, cut=reply.finish in CUT_FINISHES) if two_steps else None
            if more is None or reply.reason:
                yield [self._prediction(task, item, repeat, text, [reply])]
            else:
                resumed.append((item, repeat, more, reply))
        if not resumed:  # most providers go on with no reply, and cannot be told to
            return
        begun = [(item, repeat, more.sent) for item, repeat, more, _ in resumed]
        for (item, repeat, more, first), reply in zip(
            resumed, self._ask(self._second(limits), task, begun), strict=True
        ):
            # A server that looks for thoughts may take for one what stands behind it.
            text = more.text + (reply.text or reply.reasoning)
            yield [replace(self._prediction(task, item, repeat, text, [first, reply]), thought_cut=more.closed)]

    def _ask(
        self, chat: ChatModel, task: Task, due: Sequence[tuple[Item, int] | tuple[Item, int, str]], *, ends: bool = True
    ) -> Iterator[Answer[str]]:
        """The replies to items, each with the number of its repeat and perhaps the beginning of its reply.

        Args:
            chat: who is asked.
            task: of the items.
            due: the items.
            ends: whether a reply holds its answer, so that a model that never says anything can be told by it.
        """
        requests = list(self._requests(task, due))
        by_request = {f"{task.name}/{item.id}": item for item, *_ in due}
        if requests:
            yield from self.client.ask(
                chat,
                requests,
                parse=lambda text: text,
                attempts=1,
                what=f"{self.name} on {task.name}",
                tells=None if chat.free else lambda request, text: not ends or _tells(text, by_request[request.id]),
            )

    def _in_two_steps(self, limits: TokenLimits) -> bool:
        """Whether a thought gets its tokens first and the answer its own afterwards."""
        return limits.thought > 0 and self.chat.ends_thoughts() == "when resumed"

    def _first(self, limits: TokenLimits) -> ChatModel:
        """Who is asked: for the thought alone, where its end can be asked for afterwards."""
        tokens = limits.thought if self._in_two_steps(limits) else limits.total
        return self._limited(ReplyLimits(tokens=tokens, thinking=limits.thinking.mode, thought=limits.thought or None))

    def _second(self, limits: TokenLimits) -> ChatModel:
        """Who is asked to go on with an answer, or to begin it behind its thought."""
        return self._limited(
            ReplyLimits(
                tokens=limits.answer,
                thinking=limits.thinking.mode,
                thought=limits.thought or None,
                resumed=True,
            )
        )

    def _limited(self, limits: ReplyLimits) -> ChatModel:
        # Kept, because whoever sends knows models by identity.
        if limits not in self._models:
            self._models[limits] = self.chat.limited(limits)
        return self._models[limits]

    def _prediction(self, task: Task, item: Item, repeat: int, text: str, replies: Sequence[Answer[str]]) -> Prediction:
        last = replies[-1]
        answer, thought = cut_thinking(text)
        cut, too_long = last.finish in CUT_FINISHES, last.reason.startswith("refused: too long")
        tokens = sum(reply.tokens_out for reply in replies)
        # A reply that ended by itself has an end among its tokens.
        counted = replies[0].reasoning_tokens or thought_share(tokens - (not cut), thought, answer)
        return Prediction(
            item=item.id,
            sample=repeat,
            prompt=task.messages(item)[-1]["content"],
            raw=text,
            answer=answer,
            finished=not cut and not too_long,
            tokens=tokens,
            thought=thought,
            thought_tokens=counted,
            thought_cut=counted > 0 and not answer and cut,
            out_of_context=too_long,
            rule=last.reason,
        )

    def expect(self, task: Task, request_type: RequestType) -> Estimate:
        limits = task.limits(self.thinking)
        due = [(item, repeat) for item in task.items() for repeat in range(self.repeats)]
        tokens = min(limits.answer, usual_answer_tokens(task)) + limits.thought
        return self.client.estimate(self._first(limits), self._requests(task, due), tokens_out=tokens)

    def close(self) -> None:
        self.client.close()

    def _requests(self, task: Task, due: Sequence[tuple[Item, int] | tuple[Item, int, str]]) -> Iterator[Request]:
        for item, repeat, *rest in due:
            yield Request(
                id=f"{task.name}/{item.id}",
                messages=(*task.messages(item), *({"role": "assistant", "content": begun} for begun in rest)),
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
