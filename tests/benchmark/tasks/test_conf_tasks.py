"""The files of conf/tasks: each composes, binds, and makes a task; the embedded ones have items."""

import json
from pathlib import Path

import pytest
from hydra.utils import instantiate

from hypnos.artefacts.config_check import bind_targets
from hypnos.benchmark.metrics.measure import check_metrics
from hypnos.errors import UserError

CONF = Path(__file__).parents[3] / "conf" / "tasks"
NAMES = sorted(file.stem for file in CONF.glob("*.yaml"))
EMBEDDED = ["anecq", "aneqa", "anerc", "general"]


def compose_task(compose, name: str, *overrides: str):
    path = [] if name in EMBEDDED else [f"tasks.{name}.path=/data/somewhere"]
    return compose("evaluate", [f"tasks=[{name}]", *path, *overrides])["tasks"][name]


@pytest.mark.parametrize("name", NAMES)
def test_every_task_composes_binds_and_is_made(compose, name):
    config = compose_task(compose, name)
    assert bind_targets(config) >= 3
    task = instantiate(config, _convert_="all")
    assert task.name == name
    check_metrics(task.metrics, kind=task.kind, task=name)


def test_a_knob_of_a_task_is_one_override(compose):
    config = compose_task(compose, "anecq", "tasks.anecq.shots.number=3", "tasks.anecq.shuffle=7")
    task = instantiate(config, _convert_="all")
    assert (task.shots.number, task.shuffle) == (3, 7)


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_embedded_tasks_have_items_with_groups_and_prompts(compose, name):
    task = instantiate(compose_task(compose, name), _convert_="all")
    items = task.items()
    assert len(items) >= 40
    assert all(item.group and item.answers for item in items)
    for item in items:
        turn = task.messages(item)[-1]["content"]
        assert item.question in turn
        assert all(text in turn for text in item.options.values())
        assert item.passage in turn
    assert len(task.version()) == 64


def asked(compose, folder, name, row, **more):
    """The turns that a task of conf/ puts for one row."""
    file = folder / "set.json"
    file.write_text(json.dumps([row]), "utf-8")
    overrides = [f"tasks=[{name}]", f"tasks.{name}.path={file}"]
    task = instantiate(compose("evaluate", overrides)["tasks"][name], _convert_="all")
    return task, task.messages(task.items()[0])


def test_anesbench_is_asked_as_published(compose, tmp_path):
    """Written down from eval/evaluate.py of the set's authors."""
    row = {"id": "u", "choice_num": 3, "answer": "B", "level": 1, "en_question": "Which?"}
    task, (system, user) = asked(
        compose, tmp_path, "anesbench_published", row | {"en_A": "x", "en_B": "y", "en_C": "z", "en_D": None}
    )
    assert system["role"] == "system" and system["content"].startswith("You are a medical AI assistant specializing in")
    assert system["content"].endswith(
        "Always choose the most suitable answer based on medical knowledge and reasoning."
    )
    assert (
        "select the most suitable one choice from A, B and C as the final answer. Please think step by step."
        in (user["content"])
    )
    assert user["content"].endswith("The question and options are as follows:\nWhich?\nA. x\nB. y\nC. z")
    assert (task.max_new_tokens, task.official.label) == (2048, "anesbench_official")


def test_cmb_is_asked_as_published(compose, tmp_path):
    """Written down from workers/base.py of the set's authors."""
    exam = {"exam_type": "医师考试", "exam_class": "规培结业", "exam_subject": "麻醉科", "question_type": "多项选择题"}
    row = {"id": "1", "question": "哪些？", "answer": "AB", "option": {"A": "甲类", "B": "乙类"}, **exam}
    task, (user,) = asked(compose, tmp_path, "cmb_published", row)
    assert user["content"] == (
        "以下是中国医师考试中规培结业考试的一道多项选择题，请分析每个选项，并最后给出答案。\n哪些？\nA. 甲类\nB. 乙类"
    )
    assert (task.max_new_tokens, task.official.label) == (512, "cmb_official")


@pytest.mark.parametrize("name", ["anesbench", "ceval", "cmb", "cmb_clin", "cmexam", "cmmlu", "cmrc2018"])
def test_a_set_that_is_not_bundled_asks_for_its_file(name, compose):
    """It must not go on with the file of the task it inherits from."""
    task = instantiate(compose("evaluate", [f"tasks=[{name}]"])["tasks"][name], _convert_="all")
    with pytest.raises(UserError, match=rf"tasks\.{name}\.path"):
        task.check()
