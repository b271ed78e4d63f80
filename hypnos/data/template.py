"""Finds what a chat template writes around each turn, once, and uses it for every conversation.

A template depends on the roles of a conversation, not on its words. It is rendered once for each number of
turns with placeholders for the words, so that rendering costs nothing and a literal `</s>` in a user's text
can be told from the template's own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal as OneOf

from transformers import PreTrainedTokenizerFast

from hypnos.errors import UserError
from hypnos.reasoning import OPEN, leaves_open
from hypnos.special_tokens import special_tokens

# Private-use characters: a template neither trims nor interprets them, and no text of ours holds them.
MARK = re.compile("\ue000([0-9]+)\ue001")
BEGIN = "\ue002"
"""Put where learning begins, as a rule where the model takes over from the prompt."""
HAND_OVER = "\ue003"
"""Put where a prompt ends that opened a thought."""
THOUGHT = 999_999
"""Stands for the reasoning among the numbers of messages."""


@dataclass(frozen=True, slots=True)
class Special:
    """A special token of the template; `in_loss` if the model must say it, as that which ends an answer."""

    id: int
    in_loss: bool


@dataclass(frozen=True, slots=True)
class Literal:
    """Words of the template between turns; `in_loss` if the model must say them, as a blank before an answer."""

    text: str
    in_loss: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """The place of message `number`, a system turn counted; `in_loss` for answers."""

    number: int
    in_loss: bool


@dataclass(frozen=True, slots=True)
class Thought:
    """The place of the reasoning before the last answer."""

    in_loss: bool


@dataclass(frozen=True, slots=True)
class Handover:
    """Where the model takes over within text: what follows is encoded apart, lest a token span both."""


Part = Special | Literal | Turn | Thought | Handover


class ChatTemplate:
    """The parts a tokenizer's chat template puts together."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        special = map(re.escape, special_tokens(tokenizer))
        self._pattern = re.compile("|".join([BEGIN, HAND_OVER, MARK.pattern, *special]))
        self.parts = lru_cache(maxsize=64)(self._parts)

    def _parts(
        self, messages: int, system: bool = False, thought: OneOf["learn", "mask"] | None = None
    ) -> tuple[Part, ...]:
        """The parts of a conversation.

        Where a template knows no system turn, its words stand before the first question; where its prompt has them
        before the last one, they stand there, and earlier answers are learnt without. Where it knows no thoughts, one
        stands between `<think>` and `</think>`; where it opens one in every prompt, an answer without gets an empty
        one, as the model will be asked to go on from there.

        Args:
            messages: by user and assistant in turn, the system turn not counted.
            system: whether there is one.
            thought: whether the last answer has one before it, and whether it is learnt or only stands there.

        Raises:
            UserError: the template fails, leaves a message out, or ends an answer with no special token.
        """
        total = messages + system
        turns = self._turns(messages, system)
        rendered = self._render_thought(turns) if thought else self._render(turns)
        opened = self._opened_prompt(turns)
        if opened is not None and not rendered.startswith(opened[0]):
            prompt, close = opened
            answer = rendered[rendered.index(turns[-1]["content"]) :]
            rendered = prompt + (_mark(THOUGHT) if thought else "") + close + answer
        self._check_shown(rendered, total, system, bool(thought))
        for number in reversed(range(1 + system, total, 2)):
            prompt = self._render(turns[: number - (total - len(turns))], add_generation_prompt=True)
            follows = rendered.startswith(prompt)
            begin = self._begin(rendered, prompt, number, thought if number == total - 1 else None)
            rendered = rendered[:begin] + BEGIN + rendered[begin:]
            # `<think>` and its line end stand in the prompt: with what closes an empty thought they were one token.
            # An earlier answer is part of the last prompt, whose tokens stay as they are.
            if follows and number == total - 1 and leaves_open(prompt):
                rendered = prompt + HAND_OVER + rendered[len(prompt) :]
        return tuple(self._split(rendered))

    def _begin(self, rendered: str, prompt: str, number: int, thought: str | None) -> int:
        """Where learning begins for an answer, with or without the thought before it."""
        answer = rendered.index(_mark(number))
        if thought == "mask":
            return answer
        if rendered.startswith(prompt):
            return len(prompt)
        if thought is None:
            # A template that writes an earlier prompt otherwise leaves no better place than the answer itself.
            return answer
        # A prompt may close an empty thought, as Qwen 3.5's that does not think: this one then begins where that does.
        question = rendered.index(_mark(number - 1))
        openings = [mark.start() for mark in OPEN.finditer(rendered, question, rendered.index(_mark(THOUGHT)))]
        if openings and prompt.startswith(rendered[: openings[-1]]):
            return openings[-1]
        raise UserError(
            "the chat template's prompt is not what it writes before a thought, which a model could not learn to begin:"
            " reasoning=mask, reasoning=drop or template=plain"
        )

    def _turns(self, messages: int, system: bool) -> list[dict[str, str]]:
        """Messages with their marks; the system's stands where the last prompt has it, or before the first question.

        Some templates write it before the last question (Mistral's), and into a prompt alone: then no answer is the
        last message, and the words are put there by hand.
        """
        roles = ["system"] * system + ["user", "assistant"] * (messages // 2)
        turns = [{"role": role, "content": _mark(number)} for number, role in enumerate(roles)]
        if not system:
            return turns
        try:
            rendered = self._render(turns)
            prompt = self._render(turns[:-1], add_generation_prompt=True)
        except UserError:
            rendered = prompt = ""
        shown = MARK.findall(prompt)
        if "0" not in shown:
            return turns if _mark(0) in rendered else _merged(turns, 1, "\n\n")
        if MARK.findall(rendered)[:-1] == shown:
            return turns
        _, _, behind = prompt.partition(_mark(0))
        between = MARK.split(behind)[0]
        following = int((MARK.findall(behind) or [len(turns) - 2])[0])
        merged = _merged(turns, following, between)
        if self._render(merged[:-1], add_generation_prompt=True) != prompt:
            raise UserError("the chat template writes the system's words into a prompt, and not before its answer")
        return merged

    def _render_thought(self, turns: list[dict[str, str]]) -> str:
        """A conversation whose last answer has a thought before it, written as the template itself does if it can."""
        *before, last = turns
        rendered = ""
        for field in ("reasoning_content", "reasoning", "thinking"):
            rendered = self._render([*before, {**last, field: _mark(THOUGHT)}])
            if _mark(THOUGHT) in rendered:
                return rendered
        if self._opened_prompt(turns) is not None:
            return rendered
        return self._render([*before, {**last, "content": f"<think>\n{_mark(THOUGHT)}\n</think>\n\n{last['content']}"}])

    def _opened_prompt(self, turns: list[dict[str, str]]) -> tuple[str, str] | None:
        """The last prompt where it ends within a thought, as DeepSeek-R1's does, and what closes that."""
        prompt = self._render(turns[:-1], add_generation_prompt=True)
        marks = list(OPEN.finditer(prompt)) if leaves_open(prompt) else []
        return (prompt, f"\n{marks[-1][0].replace('<', '</', 1)}\n\n") if marks else None

    def _check_shown(self, rendered: str, messages: int, system: bool, thought: bool) -> None:
        shown = [int(number) for number in MARK.findall(rendered)]
        if system and shown.count(0) == 1 and shown[-1]:
            shown = sorted(shown, key=bool)  # wherever it stands before the answer
        if shown == [*range(messages - 1), *([THOUGHT] if thought else []), messages - 1]:
            return
        if thought and shown == list(range(messages)):
            raise UserError(
                "the chat template leaves out the thought before an answer: reasoning=drop or template=plain"
            )
        raise UserError(f"the chat template shows messages {shown} of {messages}")

    def _render(self, turns: list[dict[str, str]], **settings: bool) -> str:
        try:
            return str(self.tokenizer.apply_chat_template(turns, tokenize=False, **settings))
        except Exception as error:
            raise UserError(f"the chat template fails on {len(turns)} messages: {error}") from error

    def _split(self, rendered: str) -> list[Part]:
        """Cut into parts; all is in the loss from where the model takes over to the special token after its answer."""
        parts: list[Part] = []
        position = 0
        learning = answered = False
        for match in self._pattern.finditer(rendered):
            if match.start() > position:
                parts.append(Literal(rendered[position : match.start()], learning))
            position = match.end()
            if match[0] == BEGIN:
                learning, answered = True, False
            elif match[0] == HAND_OVER:
                parts.append(Handover())
            elif match[1] is not None:
                if learning and answered:
                    break
                number = int(match[1])
                parts.append(Thought(learning) if number == THOUGHT else Turn(number, learning))
                answered = number != THOUGHT
            else:
                parts.append(Special(int(self.tokenizer.convert_tokens_to_ids(match[0])), learning))
                learning = learning and not answered
        if learning:
            raise UserError("the chat template ends an answer with no special token: a model could not learn to stop")
        if position < len(rendered):
            parts.append(Literal(rendered[position:], False))
        return parts


def _merged(turns: Sequence[dict[str, str]], number: int, between: str) -> list[dict[str, str]]:
    """The turns without the system's, whose words open question `number` instead."""
    question = {"role": "user", "content": f"{_mark(0)}{between}{_mark(number)}"}
    return [*turns[1:number], question, *turns[number + 1 :]]


def _mark(number: int) -> str:
    return f"\ue000{number}\ue001"
