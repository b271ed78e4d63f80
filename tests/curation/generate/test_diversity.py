"""Openings and nearest neighbours, against figures counted by hand."""

import pytest

from hypnos.curation.generate.diversity import OPENING, measure_diversity
from hypnos.curation.generate.novelty import characters


def rouge_l(first: str, second: str) -> float:
    """F1 over the longest common subsequence, by the textbook's table."""
    rows = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            rows[i + 1][j + 1] = rows[i][j] + 1 if one == other else max(rows[i][j + 1], rows[i + 1][j])
    return 2 * rows[-1][-1] / (len(first) + len(second))


def test_openings_are_counted():
    questions = ["丙泊酚的诱导剂量是多少", "丙泊酚的诱导禁忌", "什么是恶性高热", "术前为什么要禁食禁饮"]
    figures = measure_diversity(questions, seed=0)
    assert OPENING == 6
    assert (figures["distinct_openings"], figures["commonest_opening"], figures["commonest_share"]) == (
        0.75,
        "丙泊酚的诱导",
        0.5,
    )


def test_the_nearest_is_the_one_with_the_highest_rouge_l_of_the_others(reply_with):
    questions = [reply_with["words"](str(number), 20) for number in range(30)] + [
        "麻醉诱导维持苏醒",
        "麻醉诱导维持苏醒？",
    ]
    best = sorted(
        max(rouge_l(characters(one), characters(other)) for at, other in enumerate(questions) if at != number)
        for number, one in enumerate(questions)
    )
    figures = measure_diversity(questions, seed=0)
    assert figures["nearest_mean"] == pytest.approx(sum(best) / len(best), abs=1e-4)
    assert figures["nearest_tenth"] == pytest.approx(best[int(0.9 * len(best))], abs=1e-4)


def test_one_question_has_no_diversity():
    assert measure_diversity(["问"], seed=0) == {}
