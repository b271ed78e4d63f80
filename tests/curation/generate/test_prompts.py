"""A prompt depends on its draw and the pool alone; the same prompt again is another sample."""

from collections import Counter
from dataclasses import replace

import pytest

from hypnos.curation.generate.drafts import Draft
from hypnos.curation.generate.novelty import Novelty
from hypnos.curation.generate.pool import Pool
from hypnos.curation.generate.prompts import APART, FIXED_FIRST, PromptMaker, prompt_name
from hypnos.curation.generate.quotas import Cell


@pytest.fixture
def cell(specialty):
    axes = (specialty.topics, specialty.tasks, specialty.difficulties, specialty.audiences)
    return Cell(*(axis[0] for axis in axes))


@pytest.fixture
def make(specialty, cell):
    maker = PromptMaker(specialty, examples=2, existing=4, bootstrap=True, times_asked=Counter())

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


def test_all_prompts_of_a_task_do_not_show_the_same_two_seeds(make, specialty, cell):
    shown = {make(draw=str(number)).parents for number in range(20)}
    by_id = {seed.id: seed for seed in specialty.seeds}
    assert all(by_id[first].task == cell.task.key for first, _ in shown)
    of_task = sum(seed.task == cell.task.key for seed in specialty.seeds)
    assert len({second for _, second in shown}) > 1
    assert len(shown) > of_task


def test_half_of_the_examples_are_records_that_were_accepted(specialty, cell):
    maker = PromptMaker(specialty, examples=2, existing=4, bootstrap=True, times_asked=Counter())
    pool = Pool(specialty.seeds, Novelty(threshold=0.7))
    pool.remember("gen-1", Draft("喉罩漏气怎么办？", "", "先调整位置和套囊压力，仍漏气则换型号或改插管。"), cell)
    pool.remember("gen-2", Draft("什么是三凹征？", "", "抱歉，作为人工智能我无法回答这个问题，请咨询医生。"), cell)
    pool.remember("gen-3", Draft("什么是气道梗阻？", "", "气道梗阻是指气流受阻，常见原因包括舌后坠和喉"), cell)
    prompts = [maker.make(pool, "one", cell, 2, draw=str(number)) for number in range(5)]
    assert {prompt.parents[1] for prompt in prompts} == {"gen-1"}
    assert all("先调整位置和套囊压力" in prompt.messages[1]["content"] for prompt in prompts)
    old = PromptMaker(specialty, examples=2, existing=4, bootstrap=False, times_asked=Counter())
    assert "gen-1" not in old.make(pool, "one", cell, 2, draw="0").parents


def test_the_fixed_part_stands_first_where_the_specialty_has_such_a_prompt(make, specialty, cell):
    first, other = (make(draw=str(number)).messages[1]["content"] for number in range(2))
    fixed = first.partition("任务类型：")[0]
    assert other.startswith(fixed) and len(fixed) > 200
    without = {name: text for name, text in specialty.prompts.items() if name != FIXED_FIRST}
    assert prompt_name(replace(specialty, prompts=without), bootstrap=True) == "generate"
    assert prompt_name(specialty, bootstrap=False) == "generate"
