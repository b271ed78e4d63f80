"""What a chat template writes around each turn, found once and used for every conversation.

A template depends on the roles of a conversation, not on its words. It is rendered once for each number of
turns with placeholders for the words, so that rendering costs nothing and a literal `</s>` in a user's text
can be told from the template's own.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from transformers import PreTrainedTokenizerFast

from hypnos.corpus.errors import UserError

# Private-use characters: a template neither trims nor interprets them, and no text of ours holds them.
MARK = re.compile("\ue000([0-9]+)\ue001")


@dataclass(frozen=True, slots=True)
class Special:
    """A special token of the template; `learnt` if it ends an answer."""

    id: int
    learnt: bool


@dataclass(frozen=True, slots=True)
class Literal:
    """Words of the template between turns."""

    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The place of message `number`; odd messages are answers."""

    number: int

    @property
    def learnt(self) -> bool:
        return self.number % 2 == 1


Part = Special | Literal | Turn


class ChatTemplate:
    """The parts a tokenizer's chat template puts together."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        special = sorted(tokenizer.all_special_tokens, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, special)) or "(?!)")
        self.parts = lru_cache(maxsize=64)(self._parts)

    def _parts(self, messages: int) -> tuple[Part, ...]:
        """The parts of a conversation of so many messages, the first by the user.

        Raises:
            UserError: the template fails, or leaves a message out.
        """
        roles = ("user", "assistant")
        turns = [{"role": roles[i % 2], "content": f"\ue000{i}\ue001"} for i in range(messages)]
        try:
            rendered = self.tokenizer.apply_chat_template(turns, tokenize=False)
        except Exception as error:
            raise UserError(f"the chat template fails on {messages} messages: {error}") from error
        found = [int(number) for number in MARK.findall(rendered)]
        if found != list(range(messages)):
            raise UserError(f"the chat template shows messages {found} of {messages}")
        return tuple(self._split(rendered))

    def _split(self, rendered: str) -> list[Part]:
        parts: list[Part] = []
        place = 0
        pattern = re.compile(f"{MARK.pattern}|{self._special.pattern}")
        for match in pattern.finditer(rendered):
            if match.start() > place:
                parts.append(Literal(rendered[place : match.start()]))
            if match[1] is not None:
                parts.append(Turn(int(match[1])))
            else:
                ends_answer = bool(parts) and isinstance(parts[-1], Turn) and parts[-1].learnt
                parts.append(Special(int(self.tokenizer.convert_tokens_to_ids(match[0])), ends_answer))
            place = match.end()
        if place < len(rendered):
            parts.append(Literal(rendered[place:]))
        return parts
