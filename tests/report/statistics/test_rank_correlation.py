"""Spearman's rank correlation against scipy, and its interval by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from hypnos.report.statistics.rank_correlation import spearman, spearman_interval


def draw(random: np.random.Generator, questions: int, shared: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a judge and of raters, whole numbers from 0 to 10, of two answers to each question."""
    of_question = np.repeat(random.standard_normal((3, questions)), 2, axis=1)
    common, *own = (of_question + random.standard_normal((3, 2 * questions))) / math.sqrt(2)
    first, second = (math.sqrt(shared) * common + math.sqrt(1 - shared) * part for part in own)
    return np.clip(np.rint(5 + 1.7 * first), 0, 10), np.clip(np.rint(5 + 1.7 * second), 0, 10)


def test_spearman_equals_scipy_with_ties():
    first, second = np.random.default_rng(1).integers(0, 6, (2, 50)).astype(float)
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-12)
    assert math.isnan(spearman(np.array([1.0, 1, 1]), np.array([1.0, 2, 3])))


@pytest.mark.parametrize("shared", [0.0, 0.6, 0.9])
def test_the_interval_holds_the_truth_where_answers_of_a_question_are_alike(shared):
    random, runs, questions = np.random.default_rng(2), 200, 20
    groups = np.repeat(np.arange(questions), 2).tolist()
    truth = spearman(*draw(random, 100_000, shared))
    held = 0
    for _ in range(runs):
        interval = spearman_interval(*draw(random, questions, shared), groups)
        held += interval.low <= truth <= interval.high
    assert 0.91 <= held / runs <= 0.995


def test_many_groups_are_left_out_in_parts():
    first, second = np.random.default_rng(3).standard_normal((2, 1000))
    interval = spearman_interval(first, second + first, list(range(1000)))
    z = np.arctanh(interval.value)
    deviation = math.sqrt((1 + interval.value**2 / 2) / 997)  # Bonett and Wright, Psychometrika 65, 2000
    assert np.arctanh([interval.low, interval.high]) == pytest.approx([z - 2 * deviation, z + 2 * deviation], abs=0.015)


def test_few_groups_or_one_order_have_no_interval():
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    assert math.isnan(spearman_interval(values, values[::-1], list(range(5))).low)
    assert math.isnan(spearman_interval(np.arange(9.0), np.arange(9.0), list(range(9))).low)
