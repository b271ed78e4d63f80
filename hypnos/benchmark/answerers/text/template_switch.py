"""Finds the switch with which a chat template turns thinking on and off."""

from typing import Any

from hypnos.benchmark.thinking import Mode
from hypnos.errors import UserError
from hypnos.llm.parsing.open_thought import mark_before

SWITCHES: dict[str, tuple[Any, Any]] = {
    "enable_thinking": (True, False),  # Qwen 3, GLM 4.5, SmolLM 3, Hunyuan
    "thinking": (True, False),  # DeepSeek V3.1, Granite 3.2
    "thinking_mode": ("on", "off"),  # Baichuan-M2
}
"""Variables of chat templates, with what turns thinking on and off."""

_PROBE = ({"role": "user", "content": "?"},)


def switch_values(tokenizer: Any, mode: Mode, *, name: str) -> dict[str, Any]:
    """The variables that a chat template is to be filled with.

    A template that opens the thought by itself needs no switch to think.

    Args:
        tokenizer: with its template; None where a plain form decides.
        mode: what is asked.
        name: begins the line of an error.

    Raises:
        UserError: the template has no such switch, or it changes nothing.
    """
    if mode == "as_is":
        return {}
    for variable, (on, off) in SWITCHES.items():
        if tokenizer is not None and variable in str(tokenizer.chat_template):
            rendered = {value: _rendered(tokenizer, {variable: value}) for value in (on, off)}
            if rendered[on] != rendered[off]:
                return {variable: on if mode == "on" else off}
    if tokenizer is not None and mode == "on" and mark_before(_rendered(tokenizer, {})):
        return {}
    raise UserError(
        f"{name}: thinking cannot be switched {mode}: "
        + ("a plain form" if tokenizer is None else "the chat template")
        + f" has no switch ({', '.join(SWITCHES)}); thinking.mode=as_is leaves it as it is"
    )


def _rendered(tokenizer: Any, values: dict[str, Any]) -> str:
    try:
        return str(tokenizer.apply_chat_template(list(_PROBE), tokenize=False, add_generation_prompt=True, **values))
    except Exception as error:  # a template raises whatever its author wrote
        raise UserError(f"{tokenizer.name_or_path}: the chat template fails: {error}") from error
