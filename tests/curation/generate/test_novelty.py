"""ROUGE-L on Chinese characters."""

import random

import pytest

from hypnos.curation.generate.novelty import Novelty, characters


def rouge_l(first: str, second: str) -> float:
    """F1 over the longest common subsequence of characters, by the textbook's table."""
    a, b = characters(first), characters(second)
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
    return 2 * table[-1][-1] / (len(a) + len(b))


def test_the_same_question_is_found_in_another_width_and_punctuation():
    novelty = Novelty(threshold=0.7)
    novelty.add("a", "术前为什么要禁食 8 小时？")
    like = novelty.nearest("术前为什么要禁食８小时")
    assert (like.id, like.rouge_l) == ("a", 1.0)


def test_the_figure_is_rouge_l_on_characters():
    novelty = Novelty(threshold=0.5)
    novelty.add("a", "罗库溴铵的诱导剂量是多少")
    # Common: 罗库溴铵的剂量 = 7 of 12 and 9 characters.
    assert novelty.nearest("罗库溴铵的剂量几何").rouge_l == pytest.approx(2 * 7 / (12 + 9))


def test_what_is_below_the_threshold_is_new():
    novelty = Novelty(threshold=0.7)
    novelty.add("a", "罗库溴铵的诱导剂量是多少")
    assert novelty.nearest("罗库溴铵的剂量几何") is None
    assert novelty.nearest("新生儿体温为什么容易下降？") is None
    assert Novelty(threshold=0.7).nearest("任何问题") is None


def test_the_index_of_characters_loses_nothing():
    chance = random.Random(0)
    signs = "麻醉诱导维持苏醒镇痛"
    pool = ["".join(chance.choices(signs, k=chance.randint(1, 60))) for _ in range(120)]
    novelty = Novelty(threshold=0.6)
    for number, text in enumerate(pool):
        novelty.add(str(number), text)
    for _ in range(40):
        question = "".join(chance.choices(signs, k=chance.randint(1, 60)))
        best = max(rouge_l(question, text) for text in pool)
        like = novelty.nearest(question)
        assert (like.rouge_l if like else None) == (pytest.approx(best) if best >= 0.6 else None)
