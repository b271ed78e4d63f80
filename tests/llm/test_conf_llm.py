from pathlib import Path

import pytest
from hydra.utils import instantiate

from hypnos.artefacts.config_check import bind_targets
from hypnos.errors import UserError
from hypnos.llm.chat import ReplyLimits

CONF = Path(__file__).parents[2] / "conf"
MISSING = {
    "local": ["+models.one.directory=x"],
    "vllm": ["+models.one.directory=x"],
    "recorded": ["+models.one.path=x.jsonl", "+models.one.model=m"],
    "openai_compatible": ["+models.one.model=hosted_vllm/m"],
}


@pytest.mark.parametrize("name", sorted(file.stem for file in (CONF / "llm").glob("*.yaml")))
def test_every_model_composes_binds_and_is_built(compose, name):
    extra = [override.replace("+", "", 1) for override in MISSING.get(name, [])]
    config = compose("train", [f"+llm@models.one={name}", *extra])["models"]["one"]
    assert bind_targets(config) == (2 if name == "vllm" else 1)
    model = instantiate(config, _convert_="all")
    assert model.name == config["name"]
    assert config.get("key_variable") is None or config["key_variable"].endswith("_API_KEY")


@pytest.mark.parametrize("name", ["gpt", "gpt_mini", "claude", "deepseek", "qwen", "openai_compatible"])
def test_every_hosted_model_has_a_price_and_is_not_withdrawn(compose, name, caplog):
    config = compose("train", [f"+llm@models.one={name}", *[o.replace("+", "", 1) for o in MISSING.get(name, [])]])
    model = instantiate(config["models"]["one"], _convert_="all")
    assert model.price() is not None and model.batch_price() is not None
    assert "withdrawn" not in caplog.text


def test_models_that_think_are_told_not_to(compose):
    config = compose("train", ["+llm@models.one=qwen", "+llm@models.two=deepseek"])["models"]
    assert config["one"]["parameters"]["extra_body"] == {"enable_thinking": False}
    assert config["two"]["parameters"]["thinking"] == {"type": "disabled"}
    limits = ReplyLimits(tokens=9, thinking="on")
    thinking = [instantiate(config[one], _convert_="all").limited(limits).parameters for one in ("one", "two")]
    assert [thinking[0]["extra_body"]["enable_thinking"], thinking[1]["thinking"]["type"]] == [True, "enabled"]


def test_one_group_serves_two_authors(compose):
    config = compose("train", ["+llm@authors.first=gpt35", "+llm@authors.second=claude"])
    assert [author["name"] for author in config["authors"].values()] == ["gpt35", "claude"]


def test_the_client_composes_with_its_budget(compose, tmp_path):
    config = compose("train", ["+client=default", "+budget=default", "budget.usd=50", f"paths.artefacts={tmp_path}"])
    assert bind_targets(config["client"]) == 3
    client = instantiate(config["client"], _convert_="all")
    assert (client.budget.usd, client.journal.path) == (50, tmp_path / "journal.sqlite")


def test_a_budget_of_nothing_is_told(compose):
    config = compose("train", ["+budget=default", "budget.usd=0"])
    with pytest.raises(Exception, match=r"budget\.usd: 0") as caught:
        instantiate(config["budget"], _convert_="all")
    assert isinstance(caught.value.__cause__ or caught.value, UserError)
