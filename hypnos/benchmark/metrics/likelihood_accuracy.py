"""Measures the accuracy of choice questions by log-likelihood, beside what is read from the words of an answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypnos.benchmark.answerers.likelihood_prompts import CUT, choose, choose_per_character
from hypnos.benchmark.items import Item
from hypnos.benchmark.metrics.metric import Measurement
from hypnos.benchmark.metrics.table import BY_LIKELIHOOD
from hypnos.benchmark.predictions import LIKELIHOOD_TYPES, PredictionsByType, RequestType
from hypnos.report.results import Note


@dataclass(frozen=True, slots=True)
class LikelihoodNumber:
    """One accuracy: its name, how its letters are read, for the signature, and what log-likelihoods choose."""

    name: str
    read: str
    choose: Callable[[Mapping[str, float], Item], str]


NUMBERS: dict[RequestType, tuple[LikelihoodNumber, ...]] = {
    "letters": (
        LikelihoodNumber(BY_LIKELIHOOD.name, "read:likelihood", lambda values, _: choose(values, "letters") or ""),
    ),
    "texts": (
        LikelihoodNumber(
            "accuracy_texts",
            "read:likeliest option text, single answers only",
            lambda values, _: choose(values, "texts") or "",
        ),
        LikelihoodNumber(
            "accuracy_texts_per_char",
            "read:likeliest option text per character, single answers only",
            choose_per_character,
        ),
    ),
    "yes_no": (
        LikelihoodNumber(
            "accuracy_yes_no",
            f"read:options with yes above {CUT}, against no",
            lambda values, _: choose(values, "yes_no") or "",
        ),
    ),
}
"""By type of request."""


def measure_likelihoods(
    items: Sequence[Item], predictions: PredictionsByType, *, folder: Path
) -> Iterator[Measurement]:
    """The numbers of a task by log-likelihood.

    What a type of request cannot answer, such as a set of letters by the likeliest one, is left out, and n says so.
    """
    from hypnos.benchmark.metrics.choice import LetterAccuracy

    by_id = {item.id: item for item in items}
    for request_type, answers in predictions.items():
        answered = [
            (by_id[prediction.item], prediction)
            for prediction in answers
            if prediction.likelihoods and (request_type == "yes_no" or _has_one_answer(by_id[prediction.item]))
        ]
        for number in NUMBERS.get(request_type, ()) if answered else ():
            metric = LetterAccuracy(name=number.name, read=number.read, folder=folder)
            scores = metric.measure(
                predictions=[number.choose(prediction.likelihoods or {}, item) for item, prediction in answered],
                references=[item.answers[0] for item, _ in answered],
            )
            yield Measurement(metric.notes(), answered, scores)


def _has_one_answer(item: Item) -> bool:
    return not item.multiple and len(item.answers[0]) == 1


def left_out_note(answers: Mapping[tuple[str, str], PredictionsByType]) -> list[Note]:
    """How many questions log-likelihood could not be asked of, by model and task; none where all were."""
    rows = []
    for (model, task), by_type in answers.items():
        for request_type, predictions in by_type.items():
            if request_type in LIKELIHOOD_TYPES:
                several = sum(prediction.rule.startswith("left out") for prediction in predictions)
                long = sum(prediction.rule == "prompt too long" for prediction in predictions)
                if several or long:
                    rows.append((model, task, request_type, str(several), str(long), str(len(predictions))))
    if not rows:
        return []
    return [
        Note(
            title="Likelihood: questions left out",
            head=("model", "task", "way", "several right answers", "too long for the model", "of"),
            rows=tuple(rows),
            text="No single option can be the likeliest where several are right; likelihood=[yes_no] asks those too.",
        )
    ]
