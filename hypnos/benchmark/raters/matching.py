"""Finds the model of this run whose answer a rater saw: names change with the models beside them, and answers too."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hypnos.benchmark.raters.ratings import AnswerRating
from hypnos.benchmark.raters.sheet import AnswerKeys
from hypnos.errors import UserError

log = logging.getLogger(__name__)


def match_models(ratings: Sequence[AnswerRating], here: AnswerKeys) -> list[AnswerRating]:
    """The ratings of this run's answers, each under the name its model has now.

    A model whose name is another now is known by its answers. Ratings of models and questions that are not here are
    left out, with a warning.

    Raises:
        UserError: a model of this run gave other answers than those that were rated.
    """
    by_model: dict[tuple[str, str], list[AnswerRating]] = {}
    for rating in ratings:
        by_model.setdefault((rating.task, rating.model), []).append(rating)
    matched: list[AnswerRating] = []
    for (task, model), rated in by_model.items():
        models = here.get(task, {})
        asked = [one for one in rated if any(one.item in keys for keys in models.values())]
        if len(asked) < len(rated):
            log.warning(
                "ratings of %s: %d of questions that are not asked now, left out", task, len(rated) - len(asked)
            )
        name = _name_now(model, asked, models)
        if name is None:
            log.warning("ratings of %s on %s are left out: this run has no such model, nor its answers", model, task)
            continue
        if name != model:
            log.warning("ratings of %s on %s are those of %s: the answers are the same", model, task, name)
        matched += (replace(one, model=name) for one in asked)
    return matched


def _name_now(model: str, rated: Sequence[AnswerRating], here: Mapping[str, Mapping[str, str]]) -> str | None:
    """The model here that gave the rated answers; None where none did, or several under other names."""
    same = [name for name, keys in here.items() if not any(_differing(rated, keys))]
    if model in same:
        return model
    if rated and all(one.answer for one in rated) and len(same) == 1:
        return same[0]
    if model in here:
        one = next(_differing(rated, here[model]))
        raise UserError(
            f"ratings: {model} gives another answer to {one.item} of {one.task} than the one that {one.rater} rated: "
            "rate the answers of now, or evaluate those that were rated"
        )
    return None


def _differing(rated: Sequence[AnswerRating], keys: Mapping[str, str]) -> Iterator[AnswerRating]:
    """Ratings of other words than a model's; of sheets without keys nothing is known."""
    return (one for one in rated if one.answer and keys.get(one.item) != one.answer)
