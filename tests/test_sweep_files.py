"""Every file of conf/sweep, and with them every experiment, is run: two steps a stage, one seed, one folder of artefacts."""

import itertools
import json
from pathlib import Path

import pytest
import yaml

CONF = Path(__file__).parents[1] / "conf"
AUTHORS = ("recorded-first", "recorded-second")
REJECTED = 6


def arms(sweep: str) -> list[list[str]]:
    """The overrides of each arm of a sweep's first seed."""
    told = yaml.safe_load((CONF / "sweep" / f"{sweep}.yaml").read_text("utf-8"))
    turned = {key: str(values).split(",") for key, values in told["hydra"]["sweeper"]["params"].items()}
    turned["seed"] = ["1"]
    return [
        [f"{key}={value.strip()}" for key, value in zip(turned, values)]
        for values in itertools.product(*turned.values())
    ]


def record(number: int) -> dict:
    """One of three is written by a person; models' are scored by both models, from 5 to 9; a few were rejected."""
    author = (*AUTHORS, "human")[number % 3]
    grades = dict.fromkeys(("coherence", "professionalism", "usefulness", "friendliness"), 5 + number % 5)
    row = {
        "id": f"r{number}",
        "instruction": f"第 {number} 个关于麻醉的问题是什么？",
        "output": f"这是第 {number} 个回答，讲的是麻醉。",
        "author": author,
        "scores": [] if author == "human" else [{"scorer": name, **grades, "harmfulness": 0} for name in AUTHORS],
    }
    return {**row, "step": "clean", "reason": "truncated"} if number < REJECTED else row


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("filtered")
    lines = [json.dumps(record(number), ensure_ascii=False) + "\n" for number in range(60)]
    (folder / "scored.jsonl").write_text("".join(lines), "utf-8")
    return folder / "scored.jsonl"


@pytest.mark.slow
@pytest.mark.parametrize(
    "sweep",
    [
        pytest.param(name, marks=() if name == "strategy" else pytest.mark.matrix)
        for name in sorted(file.stem for file in (CONF / "sweep").glob("*.yaml") if file.stem != "none")
    ],
)
def test_every_arm_of_a_sweep_trains_two_steps_a_stage(train_once, data, sweep):
    directories = {}
    for overrides in arms(sweep):
        budget = f"learnt_{'characters' if sweep == 'ablation' else 'tokens'}=4000"
        found = train_once(f"sweep={sweep}", *overrides, f"sources.anesthesia.path={data}", budget, steps=2)
        last = Path(found[-1]["directory"])
        assert json.loads((last / "stage.json").read_text("utf-8"))["steps"] == 2
        assert all(measure["bits_per_char"] > 0 for measure in found[-1]["measures"].values())
        directories[" ".join(overrides)] = last
    assert len(set(directories.values())) > 1  # arms differ


@pytest.mark.slow
def test_the_experiment_that_stands_in_no_sweep_trains_two_steps_a_stage(train_once):
    found = train_once("experiment=pretrain_first", steps=2)
    assert [row["name"] for row in found] == ["base", "vocabulary", "pretrain", "general", "anesthesia"]


@pytest.mark.slow
def test_the_control_of_the_rules_holds_as_many_records_drawn_from_all(train_once, data, tmp_path):
    held = {}
    for name in ("no_filter", "rules_only", "rules_random"):
        output = tmp_path / name
        output.mkdir()
        train_once(f"experiment={name}", f"sources.anesthesia.path={data}", "seed=1", steps=2, output=output)
        told = json.loads((output / "arm.json").read_text("utf-8"))["stages"][-1]["data"]["sources"]["anesthesia"]
        held[name] = told
    assert held["rules_random"]["records"] == held["rules_only"]["records"] < held["no_filter"]["records"]
    assert set(held["rules_random"]["unselected"]) == {"not_drawn"}
