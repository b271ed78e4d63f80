"""Holds one question of a benchmark, with what a right answer looks like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["question", "choice", "reading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question of a task.

    Attributes:
        id: unique within its task.
        kind: `question` (AneQA), `choice` (AneCQ) or `reading` (AneRC).
        question: the stem.
        passage: what a `reading` question, or a case, is about.
        options: of a choice question, text by letter, in the order of the letters.
        answers: reference answers; of a choice question one string of sorted letters, such as `("BD",)`.
        explanation: why, where the set says so.
        group: questions of one stem or passage share it, and are resampled together.
        level: difficulty, where the set has levels.
        topic: a key of the specialty's topics, or whatever subject the set names.
        multiple: whether several options may be right (the reader of the question can see that).
        negative: whether the stem asks for what is wrong.
        egress: `local` for what must never leave the machine.
    """

    id: str
    kind: Kind
    question: str
    answers: tuple[str, ...]
    passage: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    explanation: str = ""
    group: str = ""
    level: str = ""
    topic: str = ""
    multiple: bool = False
    negative: bool = False
    egress: str = "any"

    def text(self) -> str:
        """Everything that is written in it."""
        return "\n".join([self.passage, self.question, *self.options.values(), *self.answers, self.explanation])
