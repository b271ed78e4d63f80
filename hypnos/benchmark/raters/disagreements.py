"""Answers that raters should talk about: where their numbers lie far apart, or one saw a severe error alone."""

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
        model: whose answer it is; not for the raters' eyes.
        about: an indicator's key, or `severe:` and an error's key.
        gap: highest less lowest rating; of a severe error 10, so that it stands on top.
        given: what each rater gave: a number, or `1` and `0` for ticked and not.
        notes: what raters wrote.
    """

    task: str
    item: str
    model: str
    about: str
    gap: float
    given: Mapping[str, float]
    notes: Mapping[str, str]


def find_disputes(ratings: Sequence[AnswerRating], *, gap: float = 4.0) -> list[Dispute]:
    """Where at least two raters differ by `gap` points or more, or do not agree on a severe error.

    Args:
        ratings: of all raters, calibration and main part.
        gap: points of the scale. 4 of 10 is ours: half-way between neighbours and opposites.

    Returns:
        The widest gaps first.
    """
    by_answer: dict[tuple[str, str, str], list[AnswerRating]] = {}
    for rating in ratings:
        by_answer.setdefault((rating.task, rating.item, rating.model), []).append(rating)
    found = []
    for (task, item, model), given in by_answer.items():
        notes = {one.rater: one.note for one in given if one.note}
        questions = {
            name: {one.rater: one.scores[name] for one in given if name in one.scores} for name in _asked(given)
        }
        for error in dict.fromkeys(error for one in given for error in one.severe):
            questions[f"severe:{error}"] = {one.rater: float(error in one.severe) for one in given}
        for about, values in questions.items():
            apart = max(values.values()) - min(values.values())
            apart *= 10 if about.startswith("severe:") else 1
            if apart >= gap:
                place = {"task": task, "item": item, "model": model, "about": about}
                found.append(Dispute(**place, gap=apart, given=values, notes=notes))
    return sorted(found, key=lambda one: (-one.gap, one.task, one.item, one.model, one.about))


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
    raters = sorted({rater for one in disputes for rater in one.given})
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["序号", "题目", "答案", "项目", "分差", *raters, "备注", "商定结果"])
        for number, one in enumerate(disputes, 1):
            given = [f"{one.given[rater]:g}" if rater in one.given else "" for rater in raters]
            notes = "；".join(f"{rater}：{note}" for rater, note in one.notes.items())
            texts = questions[one.task, one.item], answers[one.task, one.item, one.model]
            cells = [number, *texts, names.get(one.about, one.about), f"{one.gap:g}", *given, notes, ""]
            writer.writerow([f"'{c}" if str(c)[:1] in tuple("=+-@\t\r") and c else c for c in cells])


def _asked(given: Sequence[AnswerRating]) -> list[str]:
    return list(dict.fromkeys(name for one in given for name in one.scores))
