"""Finds answers that raters should talk about, where their numbers lie far apart or one saw a severe error alone."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypnos.benchmark.items import Item
from hypnos.benchmark.raters.ratings import AnswerRating


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One answer and one question about it.

    Attributes:
        task: the task's name.
        item: the item's id.
        model: whose answer it is, of several the first; not for the raters' eyes.
        about: an indicator's key, or `severe:` and an error's key.
        gap: highest less lowest rating; of a severe error 10, so that it stands on top.
        values: what each rater gave: a number, or `1` and `0` for ticked and not.
        notes: what raters wrote.
    """

    task: str
    item: str
    model: str
    about: str
    gap: float
    values: Mapping[str, float]
    notes: Mapping[str, str]


def find_disputes(ratings: Sequence[AnswerRating], *, gap: float = 4.0) -> list[Dispute]:
    """List where at least two raters differ by `gap` points or more, or do not agree on a severe error.

    An answer that several models gave was shown once, and is listed once.

    Args:
        ratings: of all raters, calibration and main part.
        gap: points of the scale. 4 of 10 is ours: half-way between neighbours and opposites.

    Returns:
        The widest gaps first.
    """
    by_answer: dict[tuple[str, str, str], list[AnswerRating]] = {}
    for rating in ratings:
        by_answer.setdefault((rating.task, rating.item, rating.shared or rating.model), []).append(rating)
    disputes = []
    for (task, item, _), same_answer in by_answer.items():
        notes = {rating.rater: rating.note for rating in same_answer if rating.note}
        questions = {
            name: {rating.rater: rating.scores[name] for rating in same_answer if name in rating.scores}
            for name in _indicators(same_answer)
        }
        for error in dict.fromkeys(error for rating in same_answer for error in rating.severe):
            questions[f"severe:{error}"] = {rating.rater: float(error in rating.severe) for rating in same_answer}
        for about, values in questions.items():
            apart = max(values.values()) - min(values.values())
            apart *= 10 if about.startswith("severe:") else 1
            if apart >= gap:
                answer = {"task": task, "item": item, "model": same_answer[0].model}
                disputes.append(Dispute(**answer, about=about, gap=apart, values=values, notes=notes))
    return sorted(disputes, key=lambda it: (-it.gap, it.task, it.item, it.model, it.about))


def write_disputes(
    file: Path,
    disputes: Sequence[Dispute],
    *,
    tasks: Mapping[str, Sequence[Item]],
    answers: Mapping[tuple[str, str, str], str],
    names: Mapping[str, str],
) -> None:
    """Write the list to settle as a table for the raters, without models: CSV with a byte order mark.

    Args:
        file: the table.
        disputes: what to settle.
        tasks: the questions by task.
        answers: the answer's text by task, item and model, as the raters saw it.
        names: what a reader sees for an indicator's key.
    """
    questions = {(task, item.id): item.question for task, items in tasks.items() for item in items}
    raters = sorted({rater for dispute in disputes for rater in dispute.values})
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["序号", "题目", "答案", "项目", "分差", *raters, "备注", "商定结果"])
        for number, dispute in enumerate(disputes, 1):
            values = [f"{dispute.values[rater]:g}" if rater in dispute.values else "" for rater in raters]
            notes = "；".join(f"{rater}：{note}" for rater, note in dispute.notes.items())
            task, item, about = dispute.task, dispute.item, names.get(dispute.about, dispute.about)
            texts = questions[task, item], answers[task, item, dispute.model]
            cells = [number, *texts, about, f"{dispute.gap:g}", *values, notes, ""]
            writer.writerow([f"'{c}" if str(c)[:1] in tuple("=+-@\t\r") and c else c for c in cells])


def _indicators(ratings: Sequence[AnswerRating]) -> list[str]:
    return list(dict.fromkeys(name for rating in ratings for name in rating.scores))
