"""Which metrics are computed on which answers of a task."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypnos.benchmark.choice.official_rules import Rule
from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.predictions import Prediction
from hypnos.report.results import Metric
from hypnos.report.statistics.intervals import Interval, statistic_intervals
from hypnos.specialty.drugs import Drug

if TYPE_CHECKING:
    from hypnos.benchmark.metrics.metric import ItemMetric, Scores

CHOICE = ("accuracy", "options", "unparsed")
TEXT = ("exact_match", "f1", "cmrc_official", "bleu", "gleu", "rouge", "distinct", "safety")
ANY = ("length", "unfinished")
"""Names that a task's `metrics` may hold, by the kinds of questions they fit."""


Ways = Mapping[str, Mapping[str, str | None]]
"""By label: the letters chosen for each item, None where none could be."""


Row = tuple[Item, Prediction]
Found = tuple[tuple[Metric, ...], list[Row], "Scores"]


def corpus_intervals(measured: Sequence["Found"]) -> dict[str, Interval]:
    """Values of all answers together; those that come from sums are resampled together and have intervals."""
    found: dict[str, Interval] = {}
    summed: list[tuple[Scores, slice]] = []
    resampled: list[str] = []  # all metrics with sums are of the same answers
    columns: list[np.ndarray] = []
    width = 0
    for _, asked, scores in measured:
        groups = [item.group or f"\0{item.id}" for item, _ in asked]
        unknown = math.nan, math.nan, len(asked), len(set(groups))
        found.update({name: Interval(value, *unknown) for name, value in scores.corpus.items()})
        if scores.sums is not None:
            summed.append((scores, slice(width, width + scores.sums.shape[1])))
            width += scores.sums.shape[1]
            columns.append(scores.sums)
            resampled = groups
    if summed:
        table = np.column_stack(columns)

        def statistic(sums: np.ndarray) -> np.ndarray:
            return np.column_stack([scores.statistic(sums[:, part]) for scores, part in summed if scores.statistic])

        names = [name for scores, _ in summed for name in scores.corpus]
        found.update(zip(names, statistic_intervals(table, resampled, statistic)))
    return found


def score_all(
    rows: list[Row],
    kind: Kind,
    metrics: Sequence[str],
    drugs: Sequence[Drug],
    confusable: Sequence[tuple[str, str]],
    official: Rule | None,
    ways: Ways,
    folder: Path,
) -> Iterator[Found]:
    """Each metric object once, on the rows it applies to."""
    from hypnos.benchmark.metrics.answers import Shape

    answers = [prediction.answer for _, prediction in rows]
    if kind == "choice":
        yield from _choices(rows, metrics, official, ways, folder)
    else:
        references = [list(item.answers) for item, _ in rows]
        for metric, more in _text_metrics(rows, metrics, drugs, confusable, folder):
            yield metric.notes(), rows, metric.measure(predictions=answers, references=references, **more)
    if set(metrics) & set(ANY):
        shape = Shape(folder=folder)
        finished = [prediction.finished for _, prediction in rows]
        yield shape.notes(), rows, shape.measure(predictions=answers, finished=finished)


def _text_metrics(
    rows: list[Row],
    metrics: Sequence[str],
    drugs: Sequence[Drug],
    confusable: Sequence[tuple[str, str]],
    folder: Path,
) -> Iterator[tuple["ItemMetric", Mapping[str, Any]]]:
    from hypnos.benchmark.metrics.bleu import Bleu
    from hypnos.benchmark.metrics.cmrc import Cmrc
    from hypnos.benchmark.metrics.distinct import Distinct
    from hypnos.benchmark.metrics.gleu import Gleu
    from hypnos.benchmark.metrics.match import Match
    from hypnos.benchmark.metrics.rouge import Rouge
    from hypnos.benchmark.metrics.safety import Safety

    if {"exact_match", "f1"} & set(metrics):
        yield Match(folder=folder), {}
    if "cmrc_official" in metrics:
        yield Cmrc(folder=folder), {}
    kinds: dict[str, Callable[..., ItemMetric]] = {"bleu": Bleu, "gleu": Gleu, "rouge": Rouge, "distinct": Distinct}
    for segmentation in ("characters", "words"):
        for name, make in kinds.items():
            if name in metrics:
                yield make(segmentation=segmentation, folder=folder), {}
    if "safety" in metrics and drugs:
        asked = ["\n".join((item.passage, item.question)) for item, _ in rows]
        yield Safety(drugs=drugs, confusable=confusable, folder=folder), {"questions": asked}


def _choices(
    rows: list[Row], metrics: Sequence[str], official: Rule | None, ways: Ways, folder: Path
) -> Iterator[Found]:
    from hypnos.benchmark.metrics.choice import Choice, LetterAccuracy
    from hypnos.benchmark.metrics.metric import Scores, sign

    right = [item.answers[0] for item, _ in rows]
    if set(metrics) & set(CHOICE):
        choice = Choice(folder=folder)
        picked = [prediction.choice or "" for _, prediction in rows]
        yield choice.notes(), rows, choice.measure(predictions=picked, references=right)
    if official is not None:
        picked = [official.extract(prediction.answer, item)[0] or "" for item, prediction in rows]
        name = f"accuracy_{official.label}"
        signature = sign(f"read:{official.label}", f"level:{official.label}")
        values = official.score(picked, [item for item, _ in rows])
        yield (Metric(name=name, signature=signature, family="choice"),), rows, Scores({name: values})
    likely = {
        item.id: max(p.likelihoods, key=p.likelihoods.__getitem__)
        for item, p in rows
        if p.likelihoods and not item.multiple and len(item.answers[0]) == 1
    }
    ways = {**({"likelihood": likely} if likely else {}), **ways}
    for label, chosen in ways.items():
        # What a way cannot answer, such as a set of letters by the likeliest one, is left out, and n says so.
        asked = [(item, p) for item, p in rows if item.id in chosen]
        if asked:
            # A model too small to write a letter may still know which is likely.
            first = label == "likelihood"
            way = LetterAccuracy(name=f"accuracy_{label}", way=f"read:{label}", headline=first, folder=folder)
            letters = [chosen[item.id] or "" for item, _ in asked]
            scores = way.measure(predictions=letters, references=[item.answers[0] for item, _ in asked])
            yield way.notes(), asked, scores
