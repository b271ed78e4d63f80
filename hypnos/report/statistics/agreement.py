"""Measures how far raters agree with each other, and a judge with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hypnos.report.results import Rating
from hypnos.report.statistics.intervals import Interval
from hypnos.report.statistics.rank_correlation import spearman_interval

Level = Literal["nominal", "ordinal", "interval"]
"""Kind of a scale: what the distance of two of its values is."""

Weights = Literal["linear", "quadratic"]
"""How the cost of a disagreement grows with its distance."""

Ratings = NDArray[np.float64]
"""Values of raters, (raters, units) or (units,); NaN where a rater gave none."""


def krippendorff_alpha(ratings: Ratings, *, level: Level = "ordinal") -> float:
    """Krippendorff's alpha: 1 - observed / expected disagreement over all pairs of values within a unit.

    Units with fewer than two values do not count.

    Args:
        ratings: (raters, units), NaN where a rater gave no value.
        level: how far two values lie apart: `nominal` (equal or not), `ordinal` (by how many values lie between
            them) or `interval` (squared difference).

    Returns:
        1 for perfect agreement, 0 for chance, below 0 for less; NaN where no unit has two values, or all values
        are equal, so that chance cannot be told from agreement.

    Source:
        Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.
    """
    has_value = ~np.isnan(ratings)
    values, value_of_rating = np.unique(ratings[has_value], return_inverse=True)
    if len(values) < 2:
        return float("nan")
    counts = np.zeros((ratings.shape[1], len(values)))  # of each value in each unit
    np.add.at(counts, (np.nonzero(has_value)[1], value_of_rating), 1)
    counts = counts[counts.sum(1) >= 2]
    per_unit = counts.sum(1)
    if not len(counts):
        return float("nan")
    # Coincidences: pairs within a unit, each unit weighing as many values as it has.
    weighted = counts / (per_unit - 1)[:, None]
    coincidences = counts.T @ weighted - np.diag(weighted.sum(0))
    totals = coincidences.sum(0)
    distance = _distances(values, totals, level)
    expected = totals @ distance @ totals / (totals.sum() - 1)
    return float(1 - (coincidences * distance).sum() / expected) if expected > 0 else float("nan")


def _distances(values: Ratings, totals: Ratings, level: Level) -> Ratings:
    """(values, values): how far the values of a scale lie apart; `totals` says how often each was given."""
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    # On an ordinal scale a value stands in the middle of all values not above it.
    positions = values if level == "interval" else np.cumsum(totals) - totals / 2
    return (positions[:, None] - positions[None, :]) ** 2


def weighted_kappa(first: Ratings, second: Ratings, *, low: int, high: int, weights: Weights = "quadratic") -> float:
    """Cohen's weighted kappa of two raters on a scale of whole numbers.

    Args:
        first: (units,), NaN where no value was given; such units do not count.
        second: (units,), of the other rater.
        low: lowest value of the scale.
        high: highest.
        weights: disagreement grows with the distance (`linear`) or with its square.

    Returns:
        1 for perfect agreement, 0 for chance; NaN where no unit has both values, or both raters gave one and the
        same value throughout.

    Source:
        Cohen, Weighted kappa, Psychological Bulletin 70 (1968).
    """
    both = ~(np.isnan(first) | np.isnan(second))
    if not both.any():
        return float("nan")
    size = high - low + 1
    table = np.zeros((size, size))
    np.add.at(table, ((first[both] - low).astype(int), (second[both] - low).astype(int)), 1)
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    cost = distance if weights == "linear" else distance**2
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    chance = (cost * expected).sum()
    return float(1 - (cost * table).sum() / chance) if chance > 0 else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of the raters on one indicator.

    Attributes:
        units: answers with at least two ratings.
        raters: who rated any of them.
        alpha: Krippendorff's, ordinal.
        kappa: weighted (quadratic), the mean over pairs of raters, each pair weighing as many answers as it shares.
        pairs: pairs of raters with at least one answer in common.
        exact: share of pairs of ratings that are equal.
    """

    indicator: str
    units: int
    raters: int
    alpha: float
    kappa: float
    pairs: int
    exact: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeAgreement:
    """Agreement of a judge with the raters' mean on one indicator.

    Attributes:
        units: answers with a verdict and at least one rating.
        spearman: rank correlation over answers, with its interval over groups of questions.
        kappa: weighted (quadratic), against the raters' mean rounded to the scale.
        difference: judge less raters, mean over answers, in points of the scale.
        alpha: Krippendorff's of the raters alone, on these answers.
        alpha_with_judge: the same with the judge as one more rater: not lower means that the judge is as near to
            the raters as they are to each other.
    """

    judge: str
    indicator: str
    units: int
    spearman: Interval
    kappa: float
    difference: float
    alpha: float
    alpha_with_judge: float


def rater_agreement(ratings: Sequence[Rating], *, low: int = 0, high: int = 10) -> list[Agreement]:
    """Agreement on each indicator, in the order in which the indicators come; `low` to `high` is their scale."""
    agreements = []
    for indicator in dict.fromkeys(rating.indicator for rating in ratings):
        table = _rating_table([rating for rating in ratings if rating.indicator == indicator])
        table = table[:, (~np.isnan(table)).sum(0) >= 2]
        kappa, pairs = _mean_kappa(table, low, high)
        agreements.append(
            Agreement(
                indicator=indicator,
                units=table.shape[1],
                raters=int((~np.isnan(table)).any(1).sum()),
                alpha=krippendorff_alpha(table),
                kappa=kappa,
                pairs=pairs,
                exact=_equal_share(table),
            )
        )
    return agreements


def judge_agreement(
    verdicts: Sequence[Rating], ratings: Sequence[Rating], *, low: int = 0, high: int = 10
) -> list[JudgeAgreement]:
    """Agreement of each judge with the raters, on each indicator that both have.

    Args:
        verdicts: what judges gave, with the judge's name as rater; a judge's several verdicts on one answer count
            as their mean, and so do those on the same words of several models.
        ratings: what people gave, on the same scale.
        low: lowest value of the scale.
        high: highest.
    """
    agreements = []
    for indicator in dict.fromkeys(rating.indicator for rating in ratings):
        people = [rating for rating in ratings if rating.indicator == indicator]
        of_judges = [verdict for verdict in verdicts if verdict.indicator == indicator]
        shared_by = {_answer(rating): rating.shared for rating in people}
        for judge in dict.fromkeys(verdict.rater for verdict in of_judges):
            of_judge = [verdict for verdict in of_judges if verdict.rater == judge]
            given = [*people, *(replace(verdict, shared=shared_by.get(_answer(verdict), "")) for verdict in of_judge)]
            table = _rating_table(given, last=judge)
            shared = ~np.isnan(table[-1]) & (~np.isnan(table[:-1])).any(0)
            groups = [group for group, both in zip(_groups(given), shared, strict=True) if both]
            table = table[:, shared]
            if not table.shape[1]:
                continue
            by_people, by_judge = table[:-1], table[-1]
            people_mean = np.nanmean(by_people, axis=0)
            agreements.append(
                JudgeAgreement(
                    judge=judge,
                    indicator=indicator,
                    units=table.shape[1],
                    spearman=spearman_interval(by_judge, people_mean, groups),
                    kappa=weighted_kappa(_round_half_up(by_judge), _round_half_up(people_mean), low=low, high=high),
                    difference=float((by_judge - people_mean).mean()),
                    alpha=krippendorff_alpha(by_people),
                    alpha_with_judge=krippendorff_alpha(np.vstack([by_people, _round_half_up(by_judge)])),
                )
            )
    return agreements


def _round_half_up(values: Ratings) -> Ratings:
    return np.floor(values + 0.5)


def _rating_table(ratings: Sequence[Rating], last: str | None = None) -> Ratings:
    """(raters, answers), NaN where there is none, the mean where one rater has several; `last` is put last."""
    raters = sorted({rating.rater for rating in ratings}, key=lambda rater: (rater == last, rater))
    row_of_rater = {rater: row for row, rater in enumerate(raters)}
    answers = dict.fromkeys(map(_rated_answer, ratings))
    column_of_answer = {answer: column for column, answer in enumerate(answers)}
    sums, counts = np.zeros((2, len(raters), len(answers)))
    for rating in ratings:
        cell = row_of_rater[rating.rater], column_of_answer[_rated_answer(rating)]
        sums[cell] += rating.value
        counts[cell] += 1
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _answer(rating: Rating) -> tuple[str, str, str]:
    return rating.task, rating.item, rating.model


def _rated_answer(rating: Rating) -> tuple[str, str, str]:
    """What was rated: the same words of several models are one answer, or one rating would agree with itself."""
    return rating.task, rating.item, rating.shared or rating.model


def _groups(ratings: Sequence[Rating]) -> list[tuple[str, str]]:
    """Task and group of each answer, in the order of `_rating_table`."""
    answers = {_rated_answer(one): (one.task, one.group or one.item) for one in ratings}
    return list(answers.values())


def _mean_kappa(table: Ratings, low: int, high: int) -> tuple[float, int]:
    """The mean over pairs of raters, and how many pairs share an answer."""
    kappas, weights = [], []
    pairs = 0
    for first, second in combinations(table, 2):
        shared = int((~np.isnan(first) & ~np.isnan(second)).sum())
        pairs += shared > 0
        kappa = weighted_kappa(_round_half_up(first), _round_half_up(second), low=low, high=high)
        if not np.isnan(kappa):
            kappas.append(kappa)
            weights.append(shared)
    return (float(np.average(kappas, weights=weights)) if kappas else float("nan")), pairs


def _equal_share(table: Ratings) -> float:
    """The share of pairs of ratings of one answer that are equal."""
    equal = shared = 0
    for first, second in combinations(table, 2):
        both = ~np.isnan(first) & ~np.isnan(second)
        shared += int(both.sum())
        equal += int((first[both] == second[both]).sum())
    return equal / shared if shared else float("nan")
