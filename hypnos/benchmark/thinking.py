"""Says how much a model may write before its answer and in it: the one place where such limits come from.

A thought has tokens of its own beside those of the answer, so that a model which reasons is not cut off where one
that does not is read whole. The limits hold alike for a model on this machine, behind a server, and in a batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hypnos.errors import UserError

Mode = Literal["on", "off", "as_is"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """Whether a model reasons before it answers, and how long.

    Attributes:
        mode: `on` or `off` turns the switch of its chat template or provider; `as_is` leaves it alone.
        tokens: a thought is ended after so many, and the answer asked for; None: it shares those of the answer.
    """

    mode: Mode = "as_is"
    tokens: int | None = None

    def __post_init__(self) -> None:
        if self.mode == "on" and self.tokens is None:
            raise UserError("thinking: mode on needs tokens for the thought, beside those of the answer: tokens=2048")

    def key(self) -> dict[str, Any]:
        """What decides the answers; nothing where a model is asked as it always was."""
        tokens = None if self.mode == "off" else self.tokens
        return {} if self.mode == "as_is" and tokens is None else {"thinking": {"mode": self.mode, "tokens": tokens}}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLimits:
    """How much is written for one question.

    Attributes:
        answer: tokens from where the thought ends.
        thinking: how the thought is asked for.
    """

    answer: int
    thinking: Thinking = Thinking()

    @property
    def thought(self) -> int:
        """Most tokens of a thought that has some of its own; 0: it has none."""
        return 0 if self.thinking.mode == "off" else self.thinking.tokens or 0

    @property
    def total(self) -> int:
        """Most tokens in all: what a thought leaves of its own may go to the answer."""
        return self.thought + self.answer

    def key(self) -> dict[str, Any]:
        """What decides the answers."""
        return {"max_new_tokens": self.answer, **self.thinking.key()}


def read_thinking(settings: Mapping[str, Any] | None, where: str) -> Thinking | None:
    """Make the value of a configuration's table; None where nothing is said.

    YAML reads a bare `on` and `off` as true and false: both are taken for what they were meant to be.

    Raises:
        UserError: the two do not fit; the line begins with `where`.
    """
    if settings is None:
        return None
    values = dict(settings)
    if isinstance(values.get("mode"), bool):
        values["mode"] = "on" if values["mode"] else "off"
    try:
        return Thinking(**values)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def limits(*, answer: int, task: Thinking | None, model: Thinking | None) -> TokenLimits:
    """The limits of a model on a task: what is said of the model counts before what is said of the task."""
    return TokenLimits(answer=answer, thinking=model or task or Thinking())
