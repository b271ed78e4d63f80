"""The files of conf/tasks: each composes, binds, and makes a task; the embedded ones have items."""

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


@pytest.mark.parametrize("name", ["anesbench", "ceval", "cmb", "cmb_clin", "cmexam", "cmmlu", "cmrc2018"])
def test_a_set_that_is_not_bundled_asks_for_its_file(name, compose):
    """It must not go on with the file of the task it inherits from."""
    task = instantiate(compose("evaluate", [f"tasks=[{name}]"])["tasks"][name], _convert_="all")
    with pytest.raises(UserError, match=rf"tasks\.{name}\.path"):
        task.check()
