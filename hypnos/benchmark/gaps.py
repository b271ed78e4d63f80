"""Names what an evaluation lacks: answers and verdicts of models that were stopped, and answers that say nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hypnos.benchmark.predictions import Prediction, PredictionsByType

FEWEST = 5
"""Answers from which it is worth a word that every one of them says nothing."""

_SHOWN = 80
"""Characters of an answer in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A part that was not finished.

    Attributes:
        who: the model or judge that was stopped.
        task: on what.
        there: answers or verdicts that there are and that the report counts.
        wanted: how many there should be.
        what: `answers` or `verdicts`.
        reason: why it was stopped, one line.
    """

    who: str
    task: str
    there: int
    wanted: int
    what: str
    reason: str

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.who} on {self.task}: {self.there} of {self.wanted} {self.what} are here"


def gap_lines(gaps: Sequence[Gap]) -> list[str]:
    """What is missing and why, each reason once."""
    lines = []
    for reason in dict.fromkeys(gap.reason for gap in gaps):
        parts = "; ".join(str(gap) for gap in gaps if gap.reason == reason)
        lines.append(f"{parts} ({reason})")
    return lines


def silent_lines(
    answers: Mapping[tuple[str, str], PredictionsByType], *, hidden: Collection[str] = ()
) -> Iterator[str]:
    """Models none of whose answers to a task says anything: all are empty, or no option can be read from any.

    Args:
        answers: by model and task.
        hidden: tasks of which no text is shown, as it stays on this machine.
    """
    for (model, task), by_type in answers.items():
        predictions = by_type["generation"]
        if len(predictions) < FEWEST:
            continue
        if not any(prediction.answer.strip() for prediction in predictions):
            yield f"{model} on {task}: all {len(predictions)} answers are empty{_thinking(predictions)}"
        elif all(prediction.choice is None and prediction.rule for prediction in predictions):
            shown = " ".join(next(p.answer for p in predictions if p.answer.strip()).split())[:_SHOWN]
            such_as = "" if task in hidden else f", such as: {shown}"
            yield f"{model} on {task}: no option can be read from any of {len(predictions)} answers{such_as}"


def _thinking(predictions: Sequence[Prediction]) -> str:
    cut = sum(not prediction.finished and prediction.thought > 0 for prediction in predictions)
    return f" ({cut} of them end in the middle of their reasoning)" if cut else ""
