"""Shares of a question that stand in a record."""

import pytest

from hypnos.curation.similarity.benchmark_index import BenchmarkIndex, Hit
from hypnos.curation.similarity.benchmark_texts import BenchmarkQuestion

SHARES = {"stem": 0.7, "joint": 0.7, "question": 0.7, "passage": 0.6}
LONG = BenchmarkQuestion("a", "一二三四五六七八九十百千万亿兆京垓秭穰沟")
SHORT = BenchmarkQuestion("b", "丹曲林用于", ("恶性高热", "嗜铬细胞瘤", "肌无力危象"))


def index_of(*items):
    return BenchmarkIndex(items, gram=3, stem_least=16, shares=SHARES)


def test_the_share_of_a_stem_counts_its_grams():
    index = index_of(LONG)
    # 15 of the stem's 18 grams; the record's own question holds none.
    assert index.find(["别的"], ["别的" + LONG.question[:17]]) == {0: Hit(0, "stem", pytest.approx(15 / 18))}
    assert index.find(["别的"], ["别的" + LONG.question[:14]]) == {}  # 12 of 18


def test_a_short_stem_counts_only_as_the_whole_question_or_with_its_options():
    index = index_of(LONG, SHORT)
    assert index.find(["", "丹曲林用于"], ["丹曲林用于什么病症", "丹曲林用于"]) == {1: Hit(1, "question", 1.0)}
    options = "肌无力危象、恶性高热、嗜铬细胞瘤：丹曲林用于"
    assert index.find([""], [options]) == {0: Hit(1, "options", 1.0)}


def test_of_several_items_the_one_that_is_held_most_is_named():
    other = BenchmarkQuestion("c", LONG.question[:18] + "另外")
    assert index_of(other, LONG).find([""], [LONG.question]) == {0: Hit(1, "stem", 1.0)}


def test_no_items_find_nothing():
    assert index_of().find(["问"], ["问答"]) == {}
