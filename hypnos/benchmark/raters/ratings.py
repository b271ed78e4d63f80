"""Reads back with the key what raters handed in, pages' files and tables; each fault is one line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.benchmark.raters.filled import FilledSheet, read_file
from hypnos.benchmark.raters.sheet import KEY, KEY_FILE
from hypnos.errors import UserError
from hypnos.report.results import Rating


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRating:
    """What one rater gave for one answer of one model.

    Attributes:
        rater: as named in the study.
        task: the task's name.
        item: the item's id.
        group: of the item; resampled as one.
        model: whose answer it is.
        part: `calibration` or `main`.
        scores: by indicator, as given (harmfulness: 10 is harmful).
        unable: indicators that the rater could not judge.
        severe: keys of the severe errors ticked.
        note: the rater's words.
        seconds: active time on the whole question, all answers together; None from a table.
        answer: a key of the rated words; "" of sheets that hold none.
        shared: one name for the ratings of all models that gave these words, which the rater saw once; "" of a model
            that gave them alone.
        scales: the indicators as the sheets' key has them, of which the rubric of now may lack some.
    """

    rater: str
    task: str
    item: str
    group: str
    model: str
    part: str
    scores: Mapping[str, float]
    unable: tuple[str, ...]
    severe: tuple[str, ...]
    note: str
    seconds: float | None
    answer: str = ""
    shared: str = ""
    scales: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How much of a sheet one rater has filled in.

    Attributes:
        rater: as named in the study.
        file: what was handed in; None where nothing was.
        answers: how many the sheet holds.
        done: how many of them have every indicator rated, or marked as not to be judged.
        unable: cells marked as not to be judged.
        minutes: active time in all; None where it was not measured.
        missing: answers that lack a rating, and of what, such as `q003b: friendliness`.
    """

    rater: str
    file: Path | None
    answers: int
    done: int
    unable: int
    minutes: float | None
    missing: tuple[str, ...]


def read_ratings(
    directory: Path, files: Sequence[Path], *, allow_missing: bool = False
) -> tuple[list[AnswerRating], list[Completeness]]:
    """Read what raters handed in.

    Args:
        directory: the sheets' folder with its key; see `make_sheets`.
        files: `.json` of the page (an export or a backup) or `.csv` of the table, in UTF-8, UTF-16 or GB18030.
        allow_missing: take unfinished files; what lacks is listed in the completeness.

    Returns:
        Ratings, and how far each rater of the study is, in the order of the study.

    Raises:
        UserError: a file that is none of ours, of another sheet or of a rater who handed in another one; a rating
            outside the scale or of an unknown answer; a file that is not finished.
    """
    key = _read_key(directory / KEY_FILE)
    from_sheet: dict[str, FilledSheet] = {}
    for file in files:
        filled = read_file(file, key)
        entry = key["sheets"].get(filled.sheet)
        if entry is None:
            raise UserError(f"{file}: belongs to another sheet ({filled.sheet}), none of {directory / KEY_FILE}")
        if filled.sheet in from_sheet:
            raise UserError(
                f"{file}: {entry['rater']} is rated twice, also by {from_sheet[filled.sheet].file}: keep one"
            )
        from_sheet[filled.sheet] = filled
    ratings: list[AnswerRating] = []
    stages = []
    for sheet, entry in key["sheets"].items():
        handed_in = from_sheet.get(sheet)
        if handed_in is not None:
            ratings += _join(handed_in, entry, key)
        stages.append(_check(handed_in, entry, key))
    for stage in stages:
        if stage.file is not None and stage.missing and not allow_missing:
            lack = f"{stage.answers - stage.done} of {stage.answers} answers are not rated in full"
            raise UserError(f"{stage.file}: {lack}, first {stage.missing[0]} (allow_missing=true takes it as it is)")
    return ratings, stages


def numbers(ratings: Sequence[AnswerRating], *, calibration: bool = False) -> Iterator[Rating]:
    """Yield the numbers alone, as the report takes them.

    Args:
        ratings: of all raters.
        calibration: the ones of the calibration too, which served to find a measure.
    """
    for rating in ratings:
        if calibration or rating.part == "main":
            for indicator, value in rating.scores.items():
                yield Rating(
                    rater=rating.rater,
                    model=rating.model,
                    task=rating.task,
                    item=rating.item,
                    group=rating.group,
                    indicator=indicator,
                    value=value,
                    shared=rating.shared,
                )


def _read_key(file: Path) -> dict[str, Any]:
    try:
        key = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{file}: the key of the sheets cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    if not isinstance(key, dict) or key.get("format") != KEY:
        raise UserError(f"{file}: not a key of rating sheets ({KEY})")
    return key


def _join(filled: FilledSheet, entry: Mapping[str, Any], key: Mapping[str, Any]) -> Iterator[AnswerRating]:
    """Yield the ratings of each model; numbers in cells that this kind of question does not ask for are left out."""
    words = key.get("answers", {})
    for id, question in entry["questions"].items():
        indicators = _indicators(question, key)
        for answer, models in question["answers"].items():
            entered = filled.answers.get(answer)
            if entered is None:
                continue
            for model in models:
                yield AnswerRating(
                    rater=entry["rater"],
                    task=question["task"],
                    item=question["item"],
                    group=question["group"],
                    model=model,
                    part=question["part"],
                    scores={name: value for name, value in entered.scores.items() if name in indicators},
                    unable=tuple(name for name in entered.unable if name in indicators),
                    severe=entered.severe,
                    note=entered.note,
                    seconds=filled.seconds.get(id),
                    answer=words.get(question["task"], {}).get(model, {}).get(question["item"], ""),
                    shared=" = ".join(models) if len(models) > 1 else "",
                    scales=key["indicators"],
                )


def _indicators(question: Mapping[str, Any], key: Mapping[str, Any]) -> list[str]:
    """Keys of the indicators that this kind of question asks for."""
    return [indicator["key"] for indicator in key["indicators"] if question["kind"] in indicator["kinds"]]


def _check(filled: FilledSheet | None, entry: Mapping[str, Any], key: Mapping[str, Any]) -> Completeness:
    missing, answers, done = [], 0, 0
    for question in entry["questions"].values():
        indicators = _indicators(question, key)
        for answer in question["answers"]:
            entered = filled.answers.get(answer) if filled else None
            rated = (*entered.scores, *entered.unable) if entered else ()
            lacks = [name for name in indicators if name not in rated]
            answers += 1
            done += not lacks
            if lacks:
                missing.append(f"{answer}: {', '.join(lacks)}")
    seconds = filled.seconds.values() if filled else ()
    return Completeness(
        rater=entry["rater"],
        file=filled.file if filled else None,
        answers=answers,
        done=done,
        unable=sum(len(entered.unable) for entered in filled.answers.values()) if filled else 0,
        minutes=sum(seconds) / 60 if seconds else None,
        missing=tuple(missing),
    )
