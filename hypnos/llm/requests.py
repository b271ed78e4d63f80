"""Defines a request to a model, its messages, and the answer that came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Message = Mapping[str, str]
"""One turn: `role` (`system`, `user` or `assistant`) and `content`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One prompt.

    Attributes:
        id: of the record it is about; errors name it.
        messages: the turns.
        schema: a JSON schema, where the answer shall be structured.
        egress: `local` for what never goes to an address outside the list of local ones.
        first_sample: number of the first repeat. An unreadable reply is asked for again as the next number, so that
            repeats of the same prompt stand at least `attempts` apart: 0, 100, 200.
        code: what a reply repeats where it was asked to; one without it is unreadable.
    """

    id: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    egress: str = "any"
    first_sample: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """The outcome of one request.

    Attributes:
        request: what was asked.
        value: what `parse` made of the reply; None where no reply could be read, or the provider refused.
        text: the last reply as returned.
        model: name of the model as the provider returned it.
        attempts: replies used, the unreadable ones included.
        reason: empty, or why there is no value: `unreadable`, `unreadable: ...` or `refused: ...` (for the prompt's
            content or length). Asking that fails for another reason is no answer: it ends the run.
        cost: dollars that the replies cost when they were asked for; None where no price is known.
        tokens_in: tokens of the prompts, over all attempts.
        tokens_out: tokens of the replies, over all attempts.
        finish: why the last reply ended: `stop`, `length`, ...
        reasoning: what the provider returned apart from the last reply as its reasoning.
        reasoning_tokens: tokens of that; None where the provider does not count them.
        key: of the last reply in the journal; empty where none came.
    """

    request: Request
    value: T | None
    text: str
    model: str
    attempts: int
    reason: str
    cost: float | None
    tokens_in: int
    tokens_out: int
    finish: str = "stop"
    reasoning: str = ""
    reasoning_tokens: int | None = None
    key: str = ""
