"""Questions by kind: seeds first, then what the authors wrote."""

import random

import pytest

from hypnos.curation.generate.novelty import Novelty
from hypnos.curation.generate.pool import SHOWN, Pool
from hypnos.curation.generate.quotas import Cell


@pytest.fixture
def cells(specialty):
    """Two kinds of one topic, and one of another topic."""
    rest = (specialty.difficulties[0], specialty.audiences[0])
    first, second = specialty.topics[:2]
    return [
        Cell(first, specialty.tasks[0], *rest),
        Cell(first, specialty.tasks[1], *rest),
        Cell(second, specialty.tasks[0], *rest),
    ]


def test_a_question_enters_once(cells):
    pool = Pool((), Novelty(threshold=0.7))
    assert pool.add("a", "术前为什么要禁食？", cells[0]) is None
    like = pool.add("b", "术前为什么要禁食", cells[2])
    assert (like.id, like.rouge_l) == ("a", 1.0)
    assert pool.like(cells[2], 5, random.Random(0)) == []


def test_like_questions_are_of_the_kind_first_then_of_the_topic(cells):
    pool = Pool((), Novelty(threshold=0.9))
    pool.add("a", "甲甲甲甲甲", cells[0])
    pool.add("b", "乙乙乙乙乙", cells[1])
    pool.add("c", "丙丙丙丙丙", cells[2])
    assert pool.like(cells[0], 1, random.Random(0)) == ["甲甲甲甲甲"]
    assert pool.like(cells[0], 5, random.Random(0)) == ["甲甲甲甲甲", "乙乙乙乙乙"]
    assert pool.like(cells[2], 5, random.Random(0)) == ["丙丙丙丙丙"]


def test_seeds_are_there_and_long_questions_are_shortened(specialty, cells):
    pool = Pool(specialty.seeds, Novelty(threshold=0.7))
    seed = specialty.seeds[0]
    assert pool.add("copy", f"{seed.instruction}\n{seed.input}".strip(), cells[0]).id == seed.id
    pool = Pool((), Novelty(threshold=0.7))
    pool.add("long", "一二三四五六七八九十" * 20, cells[0])
    assert [len(shown) for shown in pool.like(cells[0], 1, random.Random(0))] == [SHOWN]
