"""Makes of turns the text a model continues: by its own chat template, or in the form its authors trained with."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hypnos.errors import UserError
from hypnos.llm.requests import Message
from hypnos.special_tokens import special_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptForm:
    r"""A form in plain text, for models that come without a chat template.

    `{content}` stands for what was said and `{round}` for the number of the exchange, from 0.

    Attributes:
        user: a question, up to the place where the model takes over.
        assistant: an earlier answer and what follows it.
        system: an instruction before the conversation.
        preface: written before everything else.
        stop: texts that end an answer besides EOS: a base goes on with a question of its own.
    """

    user: str = "问：{content}\n答："
    assistant: str = "{content}\n\n"
    system: str = "{content}\n\n"
    preface: str = ""
    stop: tuple[str, ...] = ("\n问：",)

    def __post_init__(self) -> None:
        for name in ("user", "assistant", "system"):
            if "{content}" not in getattr(self, name):
                raise UserError(f"prompt form: {name} has no {{content}}")
        object.__setattr__(self, "stop", tuple(self.stop))

    def render(self, messages: Iterable[Message]) -> str:
        """The text of a conversation that ends with a question."""
        parts = [self.preface]
        rounds = 0
        for message in messages:
            form = str(getattr(self, message["role"])).replace("{round}", str(rounds))
            parts.append(form.replace("{content}", message["content"]))
            rounds += message["role"] == "assistant"
        return "".join(parts)

    def key(self) -> dict[str, Any]:
        """What decides the text."""
        return asdict(self) | {"stop": list(self.stop)}


def as_template(form: PromptForm) -> str:
    """The form as a chat template: a server that has it writes what `PromptForm.render` writes."""
    roles = ("user", "assistant", "system")
    branches = "".join(
        f"{{% {'elif' if number else 'if'} m.role == '{role}' %}}{_printed(getattr(form, role))}"
        for number, role in enumerate(roles)
    )
    count = "{% if m.role == 'assistant' %}{% set n.rounds = n.rounds + 1 %}{% endif %}"
    return (
        f"{_literal(form.preface)}{{% set n = namespace(rounds=0) %}}"
        f"{{% for m in messages %}}{branches}{{% endif %}}{count}{{% endfor %}}"
    )


def _printed(text: str) -> str:
    """A part of a form, with what stands for content and rounds as a template prints them."""
    pieces = re.split(r"(\{content\}|\{round\})", text)
    values = {"{content}": "{{ m.content }}", "{round}": "{{ n.rounds }}"}
    return "".join(values.get(piece) or _literal(piece) for piece in pieces)


def _literal(text: str) -> str:
    """A text as a template prints it, sign by sign: templates drop line breaks behind their own marks."""
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}" if text else ""


def without_special(tokenizer: Any, messages: Sequence[Message]) -> list[dict[str, str]]:
    """Turns with their special tokens broken by a space, for a server that would read them as what they are named."""
    return broken(special_tokens(tokenizer), messages)


def broken(special: Iterable[str], messages: Sequence[Message]) -> list[dict[str, str]]:
    """Turns in which each of these tokens is broken by a space, and so is text."""
    tokens = [token for token in special if len(token) > 1]
    return [{"role": turn["role"], "content": _as_text(tokens, turn["content"])} for turn in messages]


def fitting_turns(tokenizer: Any, messages: Sequence[Message]) -> list[dict[str, str]]:
    """Turns as a server that has the template is to be sent them, so that it writes what `render_template` does."""
    turns = without_special(tokenizer, messages)
    if turns[0]["role"] == "system":
        try:
            _apply(tokenizer, turns, {})
        except Exception:  # a template raises whatever its author wrote
            merged = {"role": "user", "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
            return [merged, *turns[2:]]
    return turns


def render_template(tokenizer: Any, messages: Sequence[Message], values: Mapping[str, Any] | None = None) -> str:
    """The text that a tokenizer's chat template makes, up to where the model takes over.

    Special tokens that stand in what was said are broken by a space: text must not end a turn. `values` are further
    variables of the template.

    Raises:
        UserError: the template fails.
    """
    turns = without_special(tokenizer, messages)
    try:
        return _apply(tokenizer, turns, values or {})
    except Exception as error:
        if turns[0]["role"] != "system":
            raise UserError(f"{tokenizer.name_or_path}: the chat template fails: {error}") from error
    # Some templates know no system turn: it opens the first question instead.
    merged = {"role": "user", "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
    return render_template(tokenizer, [merged, *turns[2:]], values)


def _apply(tokenizer: Any, turns: list[dict[str, str]], values: Mapping[str, Any]) -> str:
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **values))


def _as_text(tokens: Iterable[str], content: str) -> str:
    for token in tokens:
        if token in content:
            content = content.replace(token, f"{token[0]} {token[1:]}")
    return content
