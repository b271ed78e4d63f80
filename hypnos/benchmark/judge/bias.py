"""Measures what sways a judge besides the answers: where they stand, how long they are, and whose they are."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hypnos.benchmark.judge.masking import family
from hypnos.report.statistics.intervals import SHARE, Interval, mean_interval
from hypnos.report.statistics.rank_correlation import spearman_interval
from hypnos.specialty.folder import Aspect

Verdicts = Sequence[Mapping[str, Any]]

Hits = Sequence[tuple[Mapping[str, Any], bool]]
"""Verdicts that count for a share, and whether each is a hit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """One figure about a judge.

    Attributes:
        judge: whom it is about.
        name: `position`, `inconsistent`, `length_pairs`, `length_scores`, `self_pairs`, `self_scores` or `unreadable`.
        value: None where it cannot be measured.
        unbiased: the value of a judge without this bias; None where there is no such value.
        n: how many verdicts it rests on.
        low: lower end of its 95 % interval, over groups of questions: of shares and `length_scores`.
        high: upper end.
    """

    judge: str
    name: str
    value: float | None
    unbiased: float | None
    n: int
    low: float | None = None
    high: float | None = None


def measure_bias(
    verdicts: Verdicts, aspects: Sequence[Aspect], *, family_of: Callable[[str], str | None] = family
) -> list[Bias]:
    """Measure every judge among the verdicts.

    - `position`: of single comparisons that called one answer better, the share that chose the one shown first.
    - `inconsistent`: share of pairs whose two orders do not agree.
    - `length_pairs`: of pairs won in both orders, the share that the longer answer won.
    - `length_scores`: rank correlation of an answer's length with its mean score, within each question, so that
      longer questions do not count as longer answers. Good answers may well be longer: read it beside the raters'.
    - `self_pairs`: of pairs won in both orders between an answer of the judge's family and another, the share
      that its own won.
    - `self_scores`: how much higher than the other judges it scores its own family, less how much higher it scores
      all others, in points: quality cancels out, and so does a judge's mildness. It needs a second judge.
    - `unreadable`: share of verdicts that no attempt could read.

    Args:
        verdicts: rows of `judge_answers` and `judge_pairs`.
        aspects: of the rubric; those where lower is better are turned round before scores are averaged.
        family_of: whose a model is; by default told from its name.
    """
    scored = [row for row in verdicts if row["mode"] != "pairwise"]
    paired = [row for row in verdicts if row["mode"] == "pairwise" and not row["same_words"]]
    means = _means(scored, aspects)
    biases: list[Bias] = []
    for judge in dict.fromkeys(row["judge"] for row in verdicts):
        pairs = [row for row in paired if row["judge"] == judge]
        own = [row for row in scored if row["judge"] == judge]
        biases += _position(judge, pairs)
        biases.append(_share(judge, "length_pairs", _longer_won(pairs), 0.5))
        biases.append(_length(judge, own, means))
        biases.append(_share(judge, "self_pairs", _own_won(judge, pairs, family_of), 0.5))
        biases.append(_self_scores(judge, scored, means, family_of))
        unread = [(row, row["scores"] is None) for row in own] + [(row, row["winner"] is None) for row in pairs]
        biases.append(_share(judge, "unreadable", unread, 0.0))
    return biases


def _position(judge: str, pairs: Verdicts) -> list[Bias]:
    # Forward showed the left answer first, backward the right one.
    chosen = [
        (row, row[order], shown) for order, shown in (("forward", "left"), ("backward", "right")) for row in pairs
    ]
    first = [(row, side == shown_first) for row, side, shown_first in chosen if side in ("left", "right")]
    split = [(row, not row["consistent"]) for row in pairs if row["consistent"] is not None]
    return [_share(judge, "position", first, 0.5), _share(judge, "inconsistent", split, 0.0)]


def _decided(pairs: Verdicts) -> Iterable[tuple[Mapping[str, Any], str, str]]:
    """Yield the pairs that one answer won, with the sides of winner and loser."""
    for row in pairs:
        if row["winner"] in (row["left"], row["right"]):
            yield (row, "left", "right") if row["winner"] == row["left"] else (row, "right", "left")


def _longer_won(pairs: Verdicts) -> Hits:
    lengths = ((row, row[f"{won}_chars"], row[f"{lost}_chars"]) for row, won, lost in _decided(pairs))
    return [(row, won > lost) for row, won, lost in lengths if won != lost]


def _own_won(judge: str, pairs: Verdicts, family_of: Callable[[str], str | None]) -> Hits:
    families = (
        (row, family_of(row[won]), family_of(row[lost]), _home(row, family_of)) for row, won, lost in _decided(pairs)
    )
    return [(row, won == home) for row, won, lost, home in families if home and (won == home) != (lost == home)]


def _home(row: Mapping[str, Any], family_of: Callable[[str], str | None]) -> str | None:
    return family_of(row["judge"]) or family_of(row["judged_by"])


def _means(scored: Verdicts, aspects: Sequence[Aspect]) -> dict[int, float]:
    """The mean score of each readable row, higher is better, by the row's identity."""
    turned = {aspect.key for aspect in aspects if aspect.lower_is_better}
    return {
        id(row): float(np.mean([10 - value if key in turned else value for key, value in row["scores"].items()]))
        for row in scored
        if row["scores"]
    }


def _length(judge: str, own: Verdicts, means: Mapping[int, float]) -> Bias:
    by_question: dict[tuple[Any, ...], list[tuple[float, float]]] = defaultdict(list)
    for row in own:
        if id(row) in means:
            by_question[(*_group(row), row["item"], row["mode"])].append((row["chars"], means[id(row)]))
    several = {question: np.array(points, float) for question, points in by_question.items() if len(points) > 1}
    if not several:
        return Bias(judge=judge, name="length_scores", value=None, unbiased=0.0, n=0)
    # Lengths as logarithms: twice as long is the same step for short and long answers.
    logs = [np.log(np.maximum(points[:, 0], 1)) for points in several.values()]
    lengths = np.concatenate([each - each.mean() for each in logs])
    scores = np.concatenate([points[:, 1] - points[:, 1].mean() for points in several.values()])
    groups = [question[:2] for question, points in several.items() for _ in points]
    correlation = spearman_interval(lengths.round(9), scores.round(9), groups)
    value = None if math.isnan(correlation.value) else correlation.value
    return Bias(judge=judge, name="length_scores", value=value, unbiased=0.0, n=len(lengths), **_ends(correlation))


def _self_scores(
    judge: str, scored: Verdicts, means: Mapping[int, float], family_of: Callable[[str], str | None]
) -> Bias:
    by_answer: dict[tuple[Any, ...], dict[str, float]] = defaultdict(dict)
    home = None
    for row in scored:
        if row["judge"] == judge:
            home = home or _home(row, family_of)
        if id(row) in means:
            by_answer[row["task"], row["item"], row["mode"], row["sample"], row["model"]][row["judge"]] = means[id(row)]
    above: dict[bool, list[float]] = {True: [], False: []}
    for (*_, model), scores in by_answer.items():
        others = [score for name, score in scores.items() if name != judge]
        if judge in scores and others:
            above[family_of(model) == home].append(scores[judge] - float(np.mean(others)))
    if home is None or not above[True] or not above[False]:
        return Bias(judge=judge, name="self_scores", value=None, unbiased=0.0, n=0)
    value = float(np.mean(above[True]) - np.mean(above[False]))
    return Bias(judge=judge, name="self_scores", value=value, unbiased=0.0, n=len(above[True]) + len(above[False]))


def _share(judge: str, name: str, hits: Hits, unbiased: float) -> Bias:
    if not hits:
        return Bias(judge=judge, name=name, value=None, unbiased=unbiased, n=0)
    share = mean_interval([float(hit) for _, hit in hits], [_group(row) for row, _ in hits], bounds=SHARE)
    return Bias(judge=judge, name=name, value=share.value, unbiased=unbiased, n=share.n, **_ends(share))


def _group(row: Mapping[str, Any]) -> tuple[str, str]:
    """The group of a verdict's question, within its task."""
    return row["task"], row["group"] or row["item"]


def _ends(interval: Interval) -> dict[str, float]:
    """Both ends, where there are any."""
    return {} if math.isnan(interval.low) else {"low": interval.low, "high": interval.high}
