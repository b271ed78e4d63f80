"""How each provider is told to think or not, for how long, and whether a thought of it can be ended from here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypnos.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What a provider takes beside a request, as litellm hands it on.

    Attributes:
        on: parameters that turn thinking on for so many tokens; None: as many as the provider likes.
        off: parameters that turn it off.
        limits: whether the provider keeps a thought within its tokens.
        resume: parameters with which it goes on with the beginning of a reply; None: it does not.
        fixed: parameters that it takes no value of while it thinks.
    """

    on: Callable[[int | None], Mapping[str, Any]]
    off: Mapping[str, Any]
    limits: bool = False
    resume: Mapping[str, Any] | None = None
    fixed: tuple[str, ...] = ()


def _template(value: bool) -> dict[str, Any]:
    # Both names: a template has one of them, and what it does not have is passed over.
    return {"extra_body": {"chat_template_kwargs": {"enable_thinking": value, "thinking": value}}}


def _budget(tokens: int | None) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens or 1024}}


_OFF = {"thinking": {"type": "disabled"}}

SWITCHES: dict[str, Switch] = {
    "hosted_vllm": Switch(
        on=lambda tokens: _template(True),
        off=_template(False),
        resume={"extra_body": {"continue_final_message": True, "add_generation_prompt": False}},
    ),
    "dashscope": Switch(
        on=lambda tokens: {
            "extra_body": {"enable_thinking": True} | ({"thinking_budget": tokens} if tokens else {}),
        },
        off={"extra_body": {"enable_thinking": False}},
        limits=True,
    ),
    "anthropic": Switch(on=_budget, off={}, limits=True, fixed=("temperature", "top_p", "top_k")),
    "gemini": Switch(on=_budget, off=_OFF, limits=True),
    "vertex_ai": Switch(on=_budget, off=_OFF, limits=True),
    "deepseek": Switch(on=lambda tokens: {"thinking": {"type": "enabled"}}, off=_OFF),
    "zai": Switch(on=lambda tokens: {"thinking": {"type": "enabled"}}, off=_OFF),
}
"""By provider, as litellm calls it."""


def merge(parameters: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with others added; tables are joined, whatever their depth."""
    joined = dict(parameters)
    for name, value in more.items():
        both = isinstance(value, Mapping) and isinstance(joined.get(name), Mapping)
        joined[name] = merge(joined[name], value) if both else value
    return joined


def find_switch(provider: str, *, where: str) -> Switch:
    """The switch of a provider.

    Raises:
        UserError: none is known.
    """
    if provider not in SWITCHES:
        raise UserError(
            f"{where}: thinking cannot be switched at {provider} (it can at {', '.join(SWITCHES)}): state what the"
            " provider takes in parameters, and thinking.mode=as_is"
        )
    return SWITCHES[provider]
