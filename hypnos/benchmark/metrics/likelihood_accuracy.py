"""Accuracy of choice questions by likelihood, beside what was read from the words of an answer."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hypnos.benchmark.answerers.answerer import LIKELIHOOD, Way
from hypnos.benchmark.answerers.likelihood_prompts import CUT, choose, choose_per_character
from hypnos.benchmark.items import Item
from hypnos.benchmark.metrics.measure import Measured
from hypnos.benchmark.predictions import Prediction
from hypnos.report.results import Note

Pick = Callable[[Mapping[str, float], Item], str]

NUMBERS: dict[Way, tuple[tuple[str, str, Pick], ...]] = {
    "letters": (),  # `measure` makes its number, accuracy_likelihood
    "texts": (
        (
            "accuracy_texts",
            "read:likeliest option text, single answers only",
            lambda found, _: choose(found, "texts") or "",
        ),
        (
            "accuracy_texts_per_char",
            "read:likeliest option text per character, single answers only",
            choose_per_character,
        ),
    ),
    "yes_no": (
        (
            "accuracy_yes_no",
            f"read:options with yes above {CUT}, against no",
            lambda found, _: choose(found, "yes_no") or "",
        ),
    ),
}
"""By way of asking: name, signature, and what the likelihoods choose."""


def add_weighed(measured: Measured, items: Sequence[Item], answers: Mapping[Way, Sequence[Prediction]]) -> Measured:
    """The numbers of a model on a task, with those by likelihood; an item that was left out has none."""
    from hypnos.benchmark.metrics.choice import LetterAccuracy

    scores = dict(measured.answers.scores)
    notes = list(measured.metrics)
    for way, made in answers.items():
        found = {one.item: one.likelihoods for one in made if one.likelihoods}
        asked = [item for item in items if item.id in found]
        for name, signature, pick in NUMBERS.get(way, ()):
            if not asked:
                continue
            with tempfile.TemporaryDirectory() as folder:
                metric = LetterAccuracy(name=name, way=signature, folder=Path(folder))
                values = metric.measure(
                    predictions=[pick(found[item.id] or {}, item) for item in asked],
                    references=[item.answers[0] for item in asked],
                ).items[name]
            by_item = dict(zip((item.id for item in asked), map(float, values), strict=True))
            scores[name] = [by_item.get(item.id) for item in items]
            notes += metric.notes()
    return replace(measured, answers=replace(measured.answers, scores=scores), metrics=tuple(notes))


def left_out_note(answers: Mapping[tuple[str, str, Way], Sequence[Prediction]]) -> list[Note]:
    """How many questions likelihood could not be asked of, by model and task; none where all were."""
    rows = []
    for (model, task, way), made in answers.items():
        if way in LIKELIHOOD:
            several = sum(one.rule.startswith("left out") for one in made)
            long = sum(one.rule == "prompt too long" for one in made)
            if several or long:
                rows.append((model, task, way, str(several), str(long), str(len(made))))
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
