"""Finds what a chat template writes around each turn, once, and uses it for every conversation.

A template depends on the roles of a conversation, not on its words. It is rendered once for each number of
turns with placeholders for the words, so that rendering costs nothing and a literal `</s>` in a user's text
can be told from the template's own.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from transformers import PreTrainedTokenizerFast

from hypnos.errors import UserError

# Private-use characters: a template neither trims nor interprets them, and no text of ours holds them.
MARK = re.compile("\ue000([0-9]+)\ue001")
BEGIN = "\ue002"
"""Put where the model takes over from the prompt."""


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
    """The place of message `number`; odd messages are answers."""

    number: int

    @property
    def in_loss(self) -> bool:
        return self.number % 2 == 1


Part = Special | Literal | Turn


class ChatTemplate:
    """The parts a tokenizer's chat template puts together."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        # Llama 3 names only two of its special tokens by their role: the others stand among the added ones.
        added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
        special = sorted({*tokenizer.all_special_tokens, *added}, key=len, reverse=True)
        self._pattern = re.compile("|".join([BEGIN, MARK.pattern, *map(re.escape, special)]))
        self.parts = lru_cache(maxsize=64)(self._parts)

    def _parts(self, messages: int) -> tuple[Part, ...]:
        """The parts of a conversation of so many messages, the first by the user.

        Raises:
            UserError: the template fails, leaves a message out, or ends an answer with no special token.
        """
        roles = ("user", "assistant")
        turns = [{"role": roles[i % 2], "content": f"\ue000{i}\ue001"} for i in range(messages)]
        rendered = self._render(turns)
        shown = [int(number) for number in MARK.findall(rendered)]
        if shown != list(range(messages)):
            raise UserError(f"the chat template shows messages {shown} of {messages}")
        for number in reversed(range(1, messages, 2)):
            prompt = self._render(turns[:number], add_generation_prompt=True)
            # A template that writes an earlier prompt otherwise leaves no better place than the answer itself.
            begin = len(prompt) if rendered.startswith(prompt) else rendered.index(turns[number]["content"])
            rendered = rendered[:begin] + BEGIN + rendered[begin:]
        return tuple(self._split(rendered))

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
            elif match[1] is not None:
                if learning and answered:
                    break
                parts.append(Turn(int(match[1])))
                answered = True
            else:
                parts.append(Special(int(self.tokenizer.convert_tokens_to_ids(match[0])), learning))
                learning = learning and not answered
        if learning:
            raise UserError("the chat template ends an answer with no special token: a model could not learn to stop")
        if position < len(rendered):
            parts.append(Literal(rendered[position:], False))
        return parts
