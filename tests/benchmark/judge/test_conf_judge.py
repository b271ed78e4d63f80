"""Judges as conf/evaluate.yaml composes them: a model of conf/llm each, asked as `judging` says."""

from functools import partial
from pathlib import Path

import pytest
from hydra.utils import instantiate

from hypnos.artefacts.config_check import bind_targets
from hypnos.benchmark.preparation import judge_configs

CONF = Path(__file__).parents[3] / "conf"
BUILD = partial(instantiate, _convert_="all")
MISSING = {
    "local": ["directory=x"],
    "vllm": ["directory=x"],
    "recorded": ["path=x.jsonl", "model=m"],
    "openai_compatible": ["model=hosted_vllm/m"],
}


@pytest.fixture
def judges(compose):
    def choose(*overrides):
        config = compose("evaluate", list(overrides))
        return judge_configs(config["judges"], config["judging"])

    return choose


@pytest.mark.parametrize("name", sorted(file.stem for file in (CONF / "llm").glob("*.yaml")))
def test_every_model_of_conf_llm_can_judge(judges, name):
    given = [f"judges.first.{setting}" for setting in MISSING.get(name, [])]
    (config,) = judges(f"llm@judges.first={name}", *given).values()
    assert bind_targets(config) == 2 + (name == "vllm")
    if name not in ("local", "vllm"):  # which would look into its folder
        judge = BUILD(config)
        assert judge.model.name and list(judge.modes) == ["absolute", "reference"]


@pytest.mark.parametrize(
    "name", ["gpt", "gpt_mini", "gpt35", "gpt4", "claude", "deepseek", "qwen", "openai_compatible"]
)
def test_a_judge_is_asked_without_chance_and_shortly(judges, name):
    given = [f"judges.first.{setting}" for setting in MISSING.get(name, [])]
    model = judges(f"llm@judges.first={name}", *given)["first"]["model"]
    switches = {"deepseek": {"thinking": {"type": "disabled"}}, "qwen": {"extra_body": {"enable_thinking": False}}}
    assert model["parameters"] == {"temperature": 0.0, "max_tokens": 512, **switches.get(name, {})}


def test_the_judge_of_the_paper_keeps_the_key_of_its_verdicts(judges):
    key = BUILD(judges("llm@judges.first=gpt4")["first"]).key()
    assert key["model"] == {
        "model": "gpt-4-0613",
        "address": "the provider of the model",
        "parameters": {"temperature": 0.0, "max_tokens": 512},
    }
    assert key == {
        **{"model": key["model"], "modes": ["absolute", "reference"], "pairwise": True, "against": []},
        **{"limit": None, "attempts": 3, "max_chars": 4000, "mask": True},
    }


def test_judging_sets_all_judges_and_a_judge_has_the_last_word(judges):
    chosen = ["llm@judges.first=gpt4", "llm@judges.second=claude"]
    found = judges(
        *chosen, "judging.limit=7", "judging.parameters.max_tokens=99", "judges.second.parameters.temperature=1"
    )
    assert [judge["model"]["name"] for judge in found.values()] == ["gpt4", "claude"]
    assert [judge["limit"] for judge in found.values()] == [7, 7]
    assert [judge["model"]["parameters"] for judge in found.values()] == [
        {"temperature": 0.0, "max_tokens": 99},
        {"temperature": 1, "max_tokens": 99},
    ]


def test_recorded_verdicts_are_looked_up_as_they_were_asked(judges):
    recorded = ["llm@judges.first=recorded", *(f"judges.first.{setting}" for setting in MISSING["recorded"])]
    assert judges(*recorded)["first"]["model"]["parameters"] == {}
    asked = judges(*recorded, "+judges.first.parameters.temperature=0.3")
    assert asked["first"]["model"]["parameters"] == {"temperature": 0.3}


def test_authors_and_baselines_are_not_asked_as_judges_are(compose):
    assert compose("filter", ["llm@authors.first=gpt4"])["authors"]["first"]["parameters"] == {
        "temperature": 0.7,
        "max_tokens": 1024,
    }
    own = compose("evaluate", ["+llm@baselines.own.chat=gpt4"])["baselines"]["own"]["chat"]
    assert own["parameters"] == {"temperature": 0.7, "max_tokens": 1024}


def test_no_judge_is_chosen_by_default(judges):
    assert judges() == {}


def test_a_study_composes_and_binds(compose):
    study = BUILD(compose("evaluate", ["raters=default"])["raters"])
    assert (list(study.raters), study.overlap, study.calibration) == (["r1", "r2", "r3"], 2, 4)
