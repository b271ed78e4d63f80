from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import instantiate
from omegaconf import OmegaConf

from hypnos.artefacts.config_check import bind_targets

CONF = Path(__file__).parents[3] / "conf"


@pytest.fixture
def group():
    def pick(name, choice):
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return OmegaConf.to_container(compose(overrides=[f"+{name}={choice}"]), resolve=True)[name.split("@")[-1]]

    return pick


@pytest.mark.parametrize(
    "choice", sorted(file.stem for file in (CONF / "judge").glob("*.yaml") if file.stem != "default")
)
def test_every_judge_composes_alone_and_binds(group, choice):
    config = group("judge", choice)
    if choice == "none":
        assert config == {}
        return
    for key in [key for key, value in config["model"].items() if value == "???"]:
        config["model"][key] = "given"
    assert bind_targets(config, supplied={}) == 2
    judge = instantiate(config, _convert_="all")
    assert judge.model.name and list(judge.modes) == ["absolute", "reference"]


def test_the_judge_of_the_paper_is_asked_without_chance(group):
    model = group("judge", "gpt4")["model"]
    assert model["model"].startswith("gpt-4") and model["parameters"]["temperature"] == 0.0


def test_two_judges_stand_side_by_side():
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=["+judge@judges.first=gpt4", "+judge@judges.second=claude"])
    assert {config.judges.first.model.name, config.judges.second.model.name} == {"gpt4", "claude"}


def test_a_study_composes_and_binds(group):
    study = instantiate(group("raters", "default"), _convert_="all")
    assert (list(study.raters), study.overlap, study.calibration) == (["r1", "r2", "r3"], 2, 4)
