"""Writes the file that Ollama makes a model of: where the weights are, and the chat template in its language."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypnos.errors import UserError
from hypnos.special_tokens import stop_texts

log = logging.getLogger(__name__)

Turns = list[dict[str, str]]

ROLES = ("system", "user", "assistant")
_MARK = "\ue000"  # stands for what was said; no template writes it


def _talk(*said: str, system: str | None = None) -> Turns:
    """Turns of user and assistant, one after the other."""
    turns = [{"role": ROLES[1 + number % 2], "content": text} for number, text in enumerate(said)]
    return turns if system is None else [{"role": "system", "content": system}, *turns]


_TALKS = (_talk("乙 b", "丙", "丁", system="甲"), _talk("甲", "乙", "丙", "丁", "戊"))
"""What a template must write as its parts do: turns at the beginning, in the middle and at the end."""

_TREATED = {
    "blanks around what is said": _talk(" 甲\n", "\n乙 ", "\t丙\n\n", system=" 系统\n"),
    "earlier thoughts": _talk("甲", "<think>\n想\n</think>\n\n乙", "丙", "[THINK]想[/THINK]乙", "丁"),
}
"""What a template may cut; Ollama's language has no words for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a chat template writes around that which is said.

    Attributes:
        begin: once, before the first turn.
        around: by role, before and after a turn.
        answer: before an answer.
    """

    begin: str
    around: Mapping[str, tuple[str, str]]
    answer: str

    def write(self, turns: Turns) -> str:
        """A talk up to the answer that comes next."""
        said = (f"{self.around[t['role']][0]}{t['content']}{self.around[t['role']][1]}" for t in turns)
        return f"{self.begin}{''.join(said)}{self.answer}"


def write_modelfile(
    tokenizer: Any, weights: Path, file: Path, *, adds_first: bool, stops: Sequence[str] | None = None
) -> None:
    """Write a Modelfile beside the weights.

    Args:
        tokenizer: of the stage, with its chat template.
        weights: a GGUF file in the same folder.
        file: to write.
        adds_first: whether Ollama puts the token that begins a text before a prompt by itself.
        stops: texts that end an answer; None: the special tokens that do.

    Raises:
        UserError: the template says more than what stands before and after each turn.
    """
    parts = surroundings(tokenizer)
    if adds_first and tokenizer.bos_token:
        if not parts.begin.startswith(tokenizer.bos_token):
            log.warning(
                "%s: Ollama begins a prompt with %s, as the file says, and the chat template does not: the stage was "
                "trained without it",
                *(weights, tokenizer.bos_token),
            )
        parts = replace(parts, begin=parts.begin.removeprefix(tokenizer.bos_token))
    lines = [f"FROM ./{weights.name}", f'TEMPLATE """{go_template(parts)}"""', "PARAMETER temperature 0"]
    lines += [f'PARAMETER stop "{_quoted(stop)}"' for stop in (stop_texts(tokenizer) if stops is None else stops)]
    file.write_text("\n".join(lines) + "\n", "utf-8")


def surroundings(tokenizer: Any) -> Surroundings:
    """Take a chat template apart, each turn from what a talk has more than the one without it.

    Raises:
        UserError: a talk put together of these parts is not what the template writes. That it cuts blanks or earlier
            thoughts besides is a warning.
    """
    question, answer = ({"role": role, "content": _MARK} for role in ROLES[1:])
    asked = _render(tokenizer, [question])
    answered = _render(tokenizer, [question, answer])
    again = _render(tokenizer, [question, answer, question])
    told = _render(tokenizer, [{"role": "system", "content": _MARK}, question])
    turn = again.removeprefix(answered)
    begin = asked.removesuffix(turn)
    parts = Surroundings(
        begin=begin,
        around={
            "system": _split(told.removeprefix(begin).removesuffix(turn)),
            "user": _split(turn),
            "assistant": _split(answered.removeprefix(asked)),
        },
        answer=_render(tokenizer, [question], answer=True).removeprefix(asked),
    )
    if any(parts.write(talk) != _render(tokenizer, talk, answer=True) for talk in _TALKS):
        raise UserError(
            f"{tokenizer.name_or_path}: its chat template does more than put words around each turn: Ollama's own "
            "language has to say it by hand (without --ollama the GGUF files alone are written)"
        )
    cut = [what for what, talk in _TREATED.items() if parts.write(talk) != _render(tokenizer, talk, answer=True)]
    if cut:
        log.warning("%s: the chat template cuts %s; Ollama will not", tokenizer.name_or_path, " and ".join(cut))
    return parts


def go_template(parts: Surroundings) -> str:
    """The same in the language of Ollama's templates."""
    branches = ""
    for role in ROLES:
        before, after = map(_literal, parts.around[role])
        branches += f'{{{{ {"else if" if branches else "if"} eq .Role "{role}" }}}}{before}{{{{ .Content }}}}{after}'
    loop = f"{{{{ range .Messages }}}}{branches}{{{{ end }}}}{{{{ end }}}}"
    return f"{_literal(parts.begin)}{loop}{_literal(parts.answer)}"


def _literal(text: str) -> str:
    """Words that stand for themselves: two braces would open an action of the language, three quotes end the text."""
    return re.sub(r'\{\{+|\{$|"""+|"$', lambda signs: f'{{{{ "{_quoted(signs[0])}" }}}}', text)


def _split(text: str) -> tuple[str, str]:
    before, _, after = text.partition(_MARK)
    return before, after


def _render(tokenizer: Any, turns: Turns, *, answer: bool = False) -> str:
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=answer))
    except Exception as error:  # a template raises whatever its author wrote
        raise UserError(f"{tokenizer.name_or_path}: the chat template fails: {error}") from error


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
