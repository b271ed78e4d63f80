"""Holds what a model answered, as it is kept on disk: JSON Lines, one file for each model, task and type of request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

RequestType = Literal["generation", "letters", "texts", "yes_no"]
"""How a question is put: the model writes an answer; or, of a choice question, the log-likelihood of each option's
letter, of each option's text, or of yes and no to each option is read."""

LIKELIHOOD_TYPES: tuple[RequestType, ...] = ("letters", "texts", "yes_no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One answer of one model to one item.

    Attributes:
        item: the item's id.
        sample: number of the repeat, 0 when greedy.
        prompt: the text, or the turns as JSON, that the model was given.
        raw: what it wrote, whole.
        answer: what counts: without reasoning in <think> tags and without the end of turn.
        finished: whether it ended by itself, and not at the limit of tokens.
        tokens: how many it wrote.
        thought: how many characters of reasoning were cut off.
        choice: letters taken from the answer to a choice question, sorted; None where none could be read.
        rule: the rule that read them, or why none could.
        likelihoods: by option letter, the log-likelihood in nats of that option; None where it was not asked for.
    """

    item: str
    prompt: str
    raw: str
    answer: str
    finished: bool
    tokens: int
    sample: int = 0
    thought: int = 0
    choice: str | None = None
    rule: str = ""
    likelihoods: Mapping[str, float] | None = None


PredictionsByType = Mapping[RequestType, Sequence[Prediction]]
"""The answers of one model to one task."""
