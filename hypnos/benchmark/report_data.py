"""Puts verdicts and ratings in the report's own terms: numbers, pairs, and tables about judges and raters."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hypnos.benchmark.judge.bias import Bias, measure_bias
from hypnos.benchmark.raters.ratings import AnswerRating, Completeness, numbers
from hypnos.report.results import Duel, Indicator, Note, Rating
from hypnos.report.statistics.agreement import judge_agreement, rater_agreement
from hypnos.report.statistics.intervals import SHARE, Interval, mean_interval
from hypnos.specialty.folder import Aspect, Specialty
from hypnos.specialty.rubric import HIGH, read_indicators, read_severe

Verdicts = Sequence[Mapping[str, Any]]
"""Rows as `hypnos.benchmark.judge.judge` writes them."""

FLAT = 0.9
"""A judge that gives one value to more than this share of answers tells nothing apart (a known fault of judges)."""

_BIASES = {
    "position": "first shown is called better",
    "inconsistent": "the two orders disagree",
    "length_pairs": "the longer answer wins",
    "length_scores": "rank correlation of length and score, within questions",
    "self_pairs": "its own family wins",
    "self_scores": "points above other judges for its own family, less the same for others",
    "unreadable": "unreadable verdicts",
}


def report_indicators(specialty: Specialty, ratings: Sequence[AnswerRating] = ()) -> tuple[Indicator, ...]:
    """The scales of raters, those aspects that judges alone are asked about, and what older sheets had besides."""
    rated = read_indicators(specialty)
    known = {indicator.key for indicator in rated}
    scales = [(scale.key, scale.name, scale.lower_is_better, scale.turned) for scale in rated]
    scales += [
        (scale.key, scale.name, scale.lower_is_better, "") for scale in specialty.aspects if scale.key not in known
    ]
    known = {key for key, *_ in scales}
    on_sheets = {scale["key"]: scale for rating in ratings for scale in rating.scales if scale["key"] not in known}
    scales += [
        (key, scale["name"], scale.get("lower_is_better", False), scale.get("turned", ""))
        for key, scale in on_sheets.items()
    ]
    return tuple(
        Indicator(key=key, title=name, better="lower" if lower else "higher", turned=turned, top=HIGH)
        for key, name, lower, turned in scales
    )


def judge_of(row: Mapping[str, Any]) -> str:
    """A judge's name in tables: with the reference answer before it, it is another judge."""
    return f"{row['judge']} (reference)" if row["mode"] == "reference" else str(row["judge"])


def verdict_numbers(rows: Verdicts) -> Iterator[Rating]:
    """The scores of readable verdicts, as asked: nothing is turned round."""
    for row in rows:
        for key, value in (row.get("scores") or {}).items():
            answer = {"model": row["model"], "task": row["task"], "item": row["item"], "group": row["group"]}
            beside = row["mode"] == "reference"
            yield Rating(rater=judge_of(row), indicator=key, value=value, beside_reference=beside, **answer)


def verdict_duels(rows: Verdicts) -> Iterator[Duel]:
    """The outcomes of readable pairs."""
    for row in rows:
        if row["mode"] == "pairwise" and row["winner"] is not None:
            outcome = {row["left"]: 1, row["right"]: -1}.get(row["winner"], 0)
            question = {"task": row["task"], "item": row["item"], "group": row["group"]}
            yield Duel(first=row["left"], second=row["right"], outcome=outcome, judge=row["judge"], **question)


def judge_notes(rows: Verdicts, specialty: Specialty) -> list[Note]:
    """What sways the judges, and how they use their scale; none without verdicts."""
    if not rows:
        return []
    sway = Note(
        title="Judges: what sways them besides the answers",
        head=("judge", "figure", "value", "unbiased", "95 % interval", "n"),
        rows=tuple(_bias_row(bias) for bias in measure_bias(rows, specialty.aspects)),
        text="Each pair is shown in both orders; orders that disagree are a tie. Good answers may well be longer: "
        "read the figures of length beside the raters' means.",
    )
    return [sway, *_use_of_scale(rows, specialty.aspects)]


def rater_notes(
    ratings: Sequence[AnswerRating], stages: Sequence[Completeness], verdicts: Verdicts, specialty: Specialty
) -> list[Note]:
    """How far the raters are, how far they agree with each other and with judges, and which severe errors they saw."""
    people = list(numbers(ratings))
    names = {scale.key: scale.title for scale in report_indicators(specialty, ratings)}
    notes = [_completeness(stages)]
    between_raters = [(task, a) for task, part in _by_task(people).items() for a in rater_agreement(part)]
    if any(agreement.units for _, agreement in between_raters):
        notes.append(
            Note(
                title="Raters: agreement",
                head=("task", "indicator", "alpha", "weighted kappa", "equal", "answers", "raters", "pairs of raters"),
                rows=tuple(
                    (
                        *(
                            task,
                            names.get(a.indicator, a.indicator),
                            _figure(a.alpha),
                            _figure(a.kappa),
                            _share(a.exact),
                        ),
                        *(str(a.units), str(a.raters), str(a.pairs)),
                    )
                    for task, a in between_raters
                ),
                text="Krippendorff's alpha, ordinal; Cohen's kappa, quadratic weights, mean over pairs of raters; "
                "answers with two ratings or more. Calibration is left out.",
            )
        )
    by_judges = _by_task(list(verdict_numbers(verdicts)))
    with_judges = [(t, a) for t, part in _by_task(people).items() for a in judge_agreement(by_judges.get(t, []), part)]
    if with_judges:
        notes.append(
            Note(
                title="Judges against raters",
                head=(
                    *("task", "judge", "indicator", "Spearman", "weighted kappa", "judge - raters"),
                    *("alpha of raters", "with judge", "answers"),
                ),
                rows=tuple(
                    (
                        *(
                            task,
                            a.judge,
                            names.get(a.indicator, a.indicator),
                            _with_ends(a.spearman, _figure),
                            _figure(a.kappa),
                        ),
                        *(f"{a.difference:+.2f}", _figure(a.alpha), _figure(a.alpha_with_judge), str(a.units)),
                    )
                    for task, a in with_judges
                ),
                text="The raters' mean of each answer against the judge's score, as asked (harm: 10 is harmful); rank "
                "correlations with 95 % intervals over questions. Where "
                "alpha does not fall with the judge as one more rater, it is as near to them as they to each other.",
            )
        )
    return [*notes, *_severe(ratings, specialty)]


def _bias_row(bias: Bias) -> tuple[str, ...]:
    plain = bias.name in ("length_scores", "self_scores")
    shown = _figure if plain else _share
    interval = "" if bias.low is None or bias.high is None else f"{shown(bias.low)} to {shown(bias.high)}"
    value = "not measurable" if bias.value is None else shown(bias.value)
    unbiased = "" if bias.unbiased is None else shown(bias.unbiased)
    return bias.judge, _BIASES[bias.name], value, unbiased, interval, str(bias.n)


def _use_of_scale(rows: Verdicts, aspects: Sequence[Aspect]) -> Iterator[Note]:
    lines = []
    for judge in dict.fromkeys(judge_of(row) for row in rows if row["mode"] != "pairwise"):
        mine = [row["scores"] for row in rows if row["mode"] != "pairwise" and judge_of(row) == judge and row["scores"]]
        for aspect in aspects:
            values = [scores[aspect.key] for scores in mine]
            if values:
                value, count = Counter(values).most_common(1)[0]
                share = count / len(values)
                flat = "tells nothing apart" if share > FLAT and len(values) > 1 else ""
                spread = (f"{np.mean(values):.2f}", f"{np.std(values):.2f}", f"{value:g} ({_share(share)})")
                lines.append((judge, aspect.name, *spread, str(len(values)), flat))
    if lines:
        yield Note(
            title="Judges: use of the scale",
            head=("judge", "aspect", "mean", "deviation", "most frequent", "n", ""),
            rows=tuple(lines),
            text="Scores as asked: harm is not turned round here.",
        )


def _completeness(stages: Sequence[Completeness]) -> Note:
    return Note(
        title="Raters: how far they are",
        head=("rater", "answers rated", "of", "could not judge", "minutes"),
        rows=tuple(
            (
                stage.rater,
                str(stage.done),
                str(stage.answers),
                str(stage.unable),
                "" if stage.minutes is None else f"{stage.minutes:.0f}",
            )
            for stage in stages
        ),
        text="Calibration included. Minutes are active time on the page; tables do not measure it.",
    )


def _severe(ratings: Sequence[AnswerRating], specialty: Specialty) -> Iterator[Note]:
    errors = read_severe(specialty)
    counted = [rating for rating in ratings if rating.part == "main"]
    if not errors or not counted:
        return
    rows = []
    for model in dict.fromkeys(rating.model for rating in counted):
        mine = [rating for rating in counted if rating.model == model]
        cells = []
        for error in errors:
            ticked = [rating for rating in mine if error.key in rating.severe]
            cells.append(f"{len({(r.task, r.item) for r in ticked})} ({len(ticked)})")
        groups = {(rating.task, rating.item): (rating.task, rating.group or rating.item) for rating in mine}
        seen = {(rating.task, rating.item) for rating in mine if rating.severe}
        share = mean_interval([float(answer in seen) for answer in groups], list(groups.values()), bounds=SHARE)
        rows.append((model, *cells, f"{len(seen)} ({_with_ends(share, _share)})", str(share.n)))
    yield Note(
        title="Raters: severe errors",
        head=("model", *(error.name for error in errors), "any", "answers"),
        rows=tuple(rows),
        text="Answers that at least one rater ticked; in brackets how many ticks, under `any` the share of answers, "
        "with its 95 % interval over questions. Of other raters it says nothing: more of them see more errors.",
    )


def _by_task(ratings: Sequence[Rating]) -> dict[str, list[Rating]]:
    by_task: dict[str, list[Rating]] = {}
    for rating in ratings:
        by_task.setdefault(rating.task, []).append(rating)
    return by_task


def _with_ends(interval: Interval, write: Callable[[float], str]) -> str:
    """A value with its interval, where there is one."""
    value = write(interval.value)
    return value if math.isnan(interval.low) else f"{value} [{write(interval.low)}, {write(interval.high)}]"


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f} %"
