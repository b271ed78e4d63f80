"""A prompt depends on its draw and the pool alone; the same prompt again is another sample."""

from collections import Counter

import pytest

from hypnos.curation.generate.novelty import Novelty
from hypnos.curation.generate.pool import Pool
from hypnos.curation.generate.prompts import APART, PromptMaker
from hypnos.curation.generate.quotas import Cell


@pytest.fixture
def cell(specialty):
    axes = (specialty.topics, specialty.tasks, specialty.difficulties, specialty.audiences)
    return Cell(*(axis[0] for axis in axes))


@pytest.fixture
def make(specialty, cell):
    maker = PromptMaker(specialty, examples=2, existing=4, times_asked=Counter())

    def prompt(draw="0", author="one", seeds=()):
        return maker.make(Pool(seeds, Novelty(threshold=0.7)), author, cell, 3, draw=draw)

    return prompt


def test_the_same_prompt_asked_again_is_another_sample_of_the_same_author(make):
    first, again, others = make(), make(), make(author="two")
    assert first.key == again.key == others.key
    assert [prompt.request().first_sample for prompt in (first, again, others)] == [0, APART, 0]


def test_another_draw_shows_other_examples(make):
    parents = {make(draw=str(number)).parents for number in range(8)}
    assert len(parents) > 1
    assert {len(shown) for shown in parents} == {2}


def test_what_is_there_already_is_shown_and_nothing_is_said_to_be_nothing(make, specialty, cell):
    assert "（无）" in make().messages[1]["content"]
    seed = next(seed for seed in specialty.seeds if seed.topic == cell.topic.key)
    assert f"- {seed.instruction[:20]}" in make(seeds=[seed]).messages[1]["content"]
