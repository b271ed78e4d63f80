"""Writes the file that Ollama makes a model of: where the weights are, and the chat template in its language."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.errors import UserError

ROLES = ("system", "user", "assistant")
_MARK = "\ue000"  # stands for what was said; no template writes it
_TALK = (
    {"role": "system", "content": "甲"},
    {"role": "user", "content": "乙 b"},
    {"role": "assistant", "content": "丙"},
    {"role": "user", "content": "丁"},
)


def write_modelfile(tokenizer: Any, weights: Path, file: Path, *, stops: Sequence[str]) -> None:
    """Write a Modelfile beside the weights.

    Args:
        tokenizer: of the stage, with its chat template.
        weights: a GGUF file in the same folder.
        file: to write.
        stops: texts that end an answer.

    Raises:
        UserError: the template says more than what stands before and after each turn.
    """
    around = surroundings(tokenizer)
    lines = [f"FROM ./{weights.name}", f'TEMPLATE """{go_template(around)}"""', "PARAMETER temperature 0"]
    lines += [f'PARAMETER stop "{_quoted(stop)}"' for stop in stops]
    file.write_text("\n".join(lines) + "\n", "utf-8")


def surroundings(tokenizer: Any) -> dict[str, tuple[str, str]]:
    """What a chat template writes before and after a turn of each role, and, as `answer`, before an answer.

    The text with which the tokenizer begins is left out: Ollama puts it there by itself.

    Raises:
        UserError: a conversation put together of these parts is not what the template writes.
    """
    begin = tokenizer.bos_token or ""
    rendered = {role: _render(tokenizer, [{"role": role, "content": _MARK}]) for role in ROLES}
    around = {role: _split(text.removeprefix(begin)) for role, text in rendered.items()}
    asked = _render(tokenizer, [{"role": "user", "content": _MARK}], answer=True)
    around["answer"] = (asked.removeprefix(rendered["user"]), "")
    whole = "".join(f"{around[turn['role']][0]}{turn['content']}{around[turn['role']][1]}" for turn in _TALK)
    written = _render(tokenizer, list(_TALK), answer=True).removeprefix(begin)
    if whole + around["answer"][0] != written:
        raise UserError(
            f"{tokenizer.name_or_path}: its chat template does more than put words around each turn: Ollama's own "
            "language has to say it by hand (without --ollama the GGUF files alone are written)"
        )
    return around


def go_template(around: Mapping[str, tuple[str, str]]) -> str:
    """The same in the language of Ollama's templates."""
    branches = ""
    for role in ROLES:
        before, after = around[role]
        branches += f'{{{{ {"else if" if branches else "if"} eq .Role "{role}" }}}}{before}{{{{ .Content }}}}{after}'
    return f"{{{{ range .Messages }}}}{branches}{{{{ end }}}}{{{{ end }}}}{around['answer'][0]}"


def _split(text: str) -> tuple[str, str]:
    before, _, after = text.partition(_MARK)
    return before, after


def _render(tokenizer: Any, turns: list[dict[str, str]], *, answer: bool = False) -> str:
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=answer))
    except Exception as error:  # a template raises whatever its author wrote
        raise UserError(f"{tokenizer.name_or_path}: the chat template fails: {error}") from error


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
