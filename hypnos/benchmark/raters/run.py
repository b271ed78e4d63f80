"""Makes the raters' sheets as an artefact, and reads back what raters handed in."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.benchmark.judge.cache import answers_key
from hypnos.benchmark.raters.disagreements import find_disputes, write_disputes
from hypnos.benchmark.raters.matching import match_models
from hypnos.benchmark.raters.ratings import AnswerRating, Completeness, read_ratings
from hypnos.benchmark.raters.sheet import HANDED_OUT, Predictions, answer_keys, first_answers, make_sheets
from hypnos.benchmark.raters.study import Study
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from hypnos.specialty.folder import Specialty
from hypnos.specialty.rubric import KINDS, read_indicators, read_severe

log = logging.getLogger(__name__)

VERSION = 1
"""Raised when the same answers make other sheets."""

DISPUTES = "to_settle.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """Files that raters handed in.

    Attributes:
        files: of the pages or tables.
        sheets: folder of the sheets they belong to; None: those that this run makes.
        allow_missing: take files that are not finished.
    """

    files: Sequence[str] = ()
    sheets: str | None = None
    allow_missing: bool = False


def sheets_for(
    study: Study, tasks: Sequence[Task], predictions: Predictions, *, specialty: Specialty, artefacts: Path
) -> Path:
    """The folder with a page for each rater, the plan and the key, made now or found."""
    rated = [task for task in tasks if task.kind in KINDS]
    key = {
        "version": VERSION,
        "study": study.key(),
        "tasks": {task.name: task.version() for task in rated},
        "answers": {task.name: answers_key(predictions[task.name]) for task in rated},
        "rubric": specialty.rubric,
    }
    directory = artefact_folder(artefacts / "sheets", "sheets", content_key(key))

    def write(partial: Path) -> None:
        items = {task.name: task.items() for task in rated}
        make_sheets(partial, study=study, tasks=items, predictions=predictions, specialty=specialty)

    make_once(directory, write)
    log.info("sheets: give raters what is in %s; the key beside it stays here", directory / HANDED_OUT)
    return directory


def read_back(
    ratings: Ratings,
    own_sheets: Path | None,
    tasks: Sequence[Task],
    predictions: Predictions,
    *,
    specialty: Specialty,
    output: Path,
) -> tuple[list[AnswerRating], list[Completeness]]:
    """Read what raters handed in, and list what they should settle.

    Args:
        ratings: files that raters handed in.
        own_sheets: folder of the sheets that this run made; None where it made none.
        tasks: of this run.
        predictions: the answers by task and model.
        specialty: its indicators and severe errors.
        output: folder of the run, where the list is written.

    Raises:
        UserError: it is not known to which sheets the files belong; nothing in them is rated of this run; or see
            `read_ratings` and `match_models`.
    """
    if not ratings.files:
        return [], []
    sheets = Path(ratings.sheets) if ratings.sheets else own_sheets
    if sheets is None:
        raise UserError(
            "ratings.files: to which sheets do they belong? ratings.sheets=<folder>, or the same raters=..."
        )
    files = [Path(file) for file in ratings.files]
    rated, stages = read_ratings(sheets, files, allow_missing=ratings.allow_missing)
    numbers = match_models(rated, answer_keys(predictions))
    if rated and not numbers and any(predictions.values()):  # of models that were stopped there is nothing to rate
        raise UserError(f"ratings.files: none of what {', '.join(map(str, files))} rates is an answer of this run")
    disputes = find_disputes(numbers)
    if disputes:
        names = {scale["key"]: scale["name"] for rating in numbers for scale in rating.scales}
        names |= {indicator.key: indicator.name for indicator in read_indicators(specialty)}
        names |= {f"severe:{error.key}": error.name for error in read_severe(specialty)}
        texts = {
            (task, item, model): answer
            for task, models in predictions.items()
            for model, answers in models.items()
            for item, answer in first_answers(answers).items()
        }
        items = {task.name: task.items() for task in tasks}
        write_disputes(output / DISPUTES, disputes, tasks=items, answers=texts, names=names)
    return numbers, stages
