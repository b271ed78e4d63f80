"""Holds what a model answered, as it is kept on disk: JSON Lines, one file for each model, task and type of request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

RequestType = Literal["generation", "letters", "texts", "yes_no"]
"""How a question is put: the model writes an answer; or, of a choice question, the log-likelihood of each option's
letter, of each option's text, or of yes and no to each option is read."""

LIKELIHOOD_TYPES: tuple[RequestType, ...] = ("letters", "texts", "yes_no")


LONGEST = 100_000
"""Characters of an answer that are read, measured, judged and shown. A model that never stops must not stop the
evaluation: 24 MB of one answer took minutes and gigabytes in every metric."""


PROMPT_TOO_LONG = "prompt too long"
"""The rule of a question that fills the context by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One answer of one model to one item.

    Attributes:
        item: the item's id.
        sample: number of the repeat, 0 when greedy.
        prompt: the text, or the turns as JSON, that the model was given.
        raw: what it wrote, whole.
        answer: what counts: without marked reasoning and without the end of turn; see `shorten`.
        finished: whether it ended by itself, and not at the limit of tokens.
        tokens: how many it wrote.
        thought: how many characters of reasoning were cut off.
        thought_tokens: tokens of that; where nobody counts them, by its share of the characters.
        thought_cut: whether the reasoning reached its limit of tokens, and was ended or never gave an answer.
        out_of_context: whether there was no room for the answer, or for the rest of it, behind the prompt.
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
    thought_tokens: int = 0
    thought_cut: bool = False
    out_of_context: bool = False
    choice: str | None = None
    rule: str = ""
    likelihoods: Mapping[str, float] | None = None


PredictionsByType = Mapping[RequestType, Sequence[Prediction]]
"""The answers of one model to one task."""


def without_room(item: str, repeat: int, prompt: str) -> Prediction:
    """The prediction for a question that fills the context by itself."""
    return Prediction(
        item=item,
        sample=repeat,
        prompt=prompt,
        raw="",
        answer="",
        finished=False,
        tokens=0,
        rule=PROMPT_TOO_LONG,
        out_of_context=True,
    )


def thought_share(tokens: int, thought: int, answer: str) -> int:
    """Tokens of a thought of so many characters, of the tokens of thought and answer together."""
    return round(tokens * thought / (thought + len(answer))) if thought else 0


def shorten(prediction: Prediction) -> Prediction:
    """Leave of an answer beyond `LONGEST` its beginning and its end, a line between them; `raw` stays whole.

    The end is kept because a letter that was chosen stands there.
    """
    if len(prediction.answer) <= LONGEST:
        return prediction
    half = LONGEST // 2
    return replace(prediction, answer=f"{prediction.answer[:half]}\n{prediction.answer[-half:]}")
