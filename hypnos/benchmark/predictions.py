"""What a model answered, as it is kept on disk: JSON Lines, one file for each model and task."""

from collections.abc import Mapping
from dataclasses import dataclass


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
