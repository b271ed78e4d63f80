from pathlib import Path

import pytest
import yaml

from hypnos.artefacts.config_check import bind_targets
from hypnos.benchmark.settings import KEYS as EVALUATE_KEYS
from hypnos.curation.settings import KEYS as FILTER_KEYS
from hypnos.errors import UserError
from hypnos.experiment.run import SUPPLIED, check_configuration
from hypnos.experiment.settings import KEYS

CONF = Path(__file__).parents[1] / "conf"


def names(group: str) -> list[str]:
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


@pytest.mark.parametrize("experiment", names("experiment"))
def test_every_experiment_composes_and_binds(compose, experiment):
    config = compose("train", [f"experiment={experiment}"])
    check_configuration(config)
    assert config["stages"]


def dimensions(sweep: str) -> dict[str, list[str]]:
    """What a sweep turns, and the values of each."""
    params = yaml.safe_load((CONF / "sweep" / f"{sweep}.yaml").read_text("utf-8"))
    turned = params["hydra"]["sweeper"]["params"]
    return {key: [value.strip() for value in str(values).split(",")] for key, values in turned.items()}


@pytest.mark.parametrize("sweep", names("sweep"))
def test_every_sweep_composes_and_binds_with_every_value(compose, sweep):
    turned = dimensions(sweep)
    first = {key: values[0] for key, values in turned.items()}
    check_configuration(compose("train", [f"sweep={sweep}", *(f"{k}={v}" for k, v in first.items())]))
    for key, values in turned.items():
        for value in values[1:]:
            asked = [f"{k}={v}" for k, v in {**first, key: value}.items()]
            if key == "experiment":  # composed in a test of its own: here it need only be there
                assert value in names("experiment")
            else:
                assert compose("train", [f"sweep={sweep}", *asked])["stages"]


def test_a_sweep_has_a_folder_and_a_group_of_its_own_name(compose):
    for sweep in names("sweep"):
        config = compose("train", [f"sweep={sweep}"])
        assert (config["sweep_name"], config["group"]) == (sweep, sweep)
    assert compose("train", ["experiment=mixed"])["group"] == "mixed"


def test_the_ablation_has_every_row_of_the_tables():
    rows = set(dimensions("ablation")["experiment"])
    # No rows of the paper's.
    beyond = {"pretrain_first", "general_to_specific_to_preferred", "sft_only", "specific_to_general"}
    assert set(names("experiment")) - rows == beyond


@pytest.mark.parametrize(
    "choice",
    [f"model={name}" for name in names("model") if name != "stories15m"]
    + [f"logger={name}" for name in names("logger")]
    + [f"template={name}" for name in names("template")]
    + [f"vocabulary={name}" for name in names("vocabulary")]
    + [f"callbacks@stages.general.callbacks={name}" for name in names("callbacks")]
    + [f"tuning@stages.anesthesia.tuning={name}" for name in names("tuning")]
    + [f"tuning/schedule@stages.general.tuning.schedule={name}" for name in names("tuning/schedule")],
)
def test_every_choice_composes_and_binds(compose, choice):
    extra = ["stages.anesthesia.tuning.lr=1e-3"] if choice.startswith("tuning@") else []
    config = compose("train", [choice, *extra])
    check_configuration(config)
    assert bind_targets(config, supplied=SUPPLIED) > 20


def test_a_small_real_base_needs_its_path_alone(compose):
    config = compose("train", ["model=stories15m", "model.path=somewhere"])
    check_configuration(config)
    assert config["model"]["path"] == "somewhere"


def test_numbers_of_the_recipe_reach_the_stages(compose):
    config = compose("train", ["model=llama2_7b"])
    general, anesthesia = config["stages"]["general"], config["stages"]["anesthesia"]
    assert (general["tuning"]["lr"], anesthesia["tuning"]["lr"]) == (1e-4, 2e-5)
    assert (general["trainer"]["max_epochs"], anesthesia["trainer"]["max_epochs"]) == (1, 3)
    assert general["trainer"]["precision"] == "bf16-mixed"
    assert (general["tuning"]["r"], general["tuning"]["lora_alpha"], general["tuning"]["lora_dropout"]) == (8, 32, 0.05)
    assert len(general["tuning"]["target_modules"]) == 7


def test_the_command_line_outranks_the_experiment(compose):
    config = compose("train", ["stages.anesthesia.tuning.lr=1e-5", "stages.anesthesia.trainer.max_epochs=7"])
    assert config["stages"]["anesthesia"]["tuning"]["lr"] == 1e-5
    assert config["stages"]["anesthesia"]["trainer"]["max_epochs"] == 7


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("stages", "anesthesia", "tuning"), "stages.anesthesia.tuning"),
        (("stages", "general", "trainer"), "stages.general.trainer"),
        (("stages", "general", "tuning", "schedule"), "stages.general.tuning.schedule"),
        (("stages", "general", "data", "sources", "general"), "stages.general.data.sources.general"),
        (("stages", "general", "callbacks", "answers"), "stages.general.callbacks.answers"),
        (("vocabulary",), "vocabulary"),
        (("stages", "general"), "stages.general"),
        (("model",), "model"),
        ((), "learning_rate"),
    ],
)
def test_a_misspelt_key_is_named_before_anything_runs(compose, path, named):
    config = compose("train", [])
    part = config
    for key in path:
        part = part[key]
    part["learning_rate"] = 1
    with pytest.raises(UserError, match="learning_rate") as caught:
        check_configuration(config)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_known_keys_are_those_of_the_primary_files(compose):
    assert compose("train", []).keys() == KEYS.keys.keys()
    assert compose("filter", []).keys() == FILTER_KEYS.keys.keys()
    assert compose("evaluate", []).keys() == EVALUATE_KEYS.keys.keys()


def test_a_missing_part_of_a_stage_is_named(compose):
    config = compose("train", [])
    del config["stages"]["anesthesia"]["tuning"]
    with pytest.raises(UserError, match=r"stages\.anesthesia: no tuning"):
        check_configuration(config)


def test_a_target_that_does_not_exist_is_named(compose):
    config = compose("train", [])
    config["stages"]["general"]["tuning"]["_target_"] = "hypnos.tuning.lora.Lora"
    with pytest.raises(UserError, match=r"hypnos\.tuning\.lora\.Lora cannot be imported"):
        bind_targets(config, supplied=SUPPLIED)


def test_none_of_our_targets_swallows_unknown_arguments(compose):
    import importlib
    import inspect

    def targets(part):
        if isinstance(part, dict):
            if "_target_" in part:
                yield part["_target_"]
            for value in part.values():
                yield from targets(value)
        elif isinstance(part, list):
            for value in part:
                yield from targets(value)

    ours = {t for t in targets(compose("train", ["experiment=pretrain_first"])) if t.startswith("hypnos.")}
    assert len(ours) >= 7
    for target in ours:
        module, _, name = target.rpartition(".")
        signature = inspect.signature(getattr(importlib.import_module(module), name))
        assert all(p.kind is not p.VAR_KEYWORD for p in signature.parameters.values()), target


def test_no_file_names_what_hydra_1_4_takes_away():
    """`hydra.job.override_dirname`: folders of arms are named by a resolver of ours."""
    assert not [file for file in CONF.rglob("*.yaml") if "override_dirname" in file.read_text("utf-8")]
