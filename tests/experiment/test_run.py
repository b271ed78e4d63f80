"""What stands between a configuration and its trained stages; nothing is trained."""

from functools import partial
from pathlib import Path

import pytest
from hydra.utils import instantiate

from hypnos.errors import UserError
from hypnos.experiment.run import make_run, run_experiment, table_of_results
from hypnos.tuning.stages import Result

BUILD = partial(instantiate, _convert_="all")


def test_an_estimate_needs_none_of_the_devices_it_is_for(compose, tmp_path):
    asked = [f"paths.artefacts={tmp_path}/artefacts", "accelerator=tpu"]
    with pytest.raises(Exception, match=r"(?i)tpu|xla"):
        make_run(compose("train", asked), build=BUILD, output=tmp_path)
    run = make_run(compose("train", [*asked, "estimate=true"]), build=BUILD, output=tmp_path)
    assert list(run.stages) == ["general", "anesthesia"]


def test_a_wrong_objective_ends_before_a_model_is_read(compose, tmp_path):
    config = compose("train", ["model.path=nowhere", "objective=accuracy"])
    with pytest.raises(UserError, match="objective 'accuracy'"):
        run_experiment(config, build=BUILD, output=tmp_path)


def test_the_table_names_the_base_with_its_vocabulary_and_shows_no_figure_where_nothing_was_measured():
    full = {"tokens": 100, "tokens_per_char": 0.5, "loss": 2.0, "bits_per_char": 1.44}
    results = [
        Result(name=name, key="k", directory=Path("models") / name, measures={"general": full, "anesthesia": measure})
        for name, measure in (("vocabulary", {**full, "tokens": 0}), ("anesthesia", full))
    ]
    lines = table_of_results(results).splitlines()
    rows = {line[:18].strip(): line[18:].split() for line in lines if line.startswith(("base", "anesthesia"))}
    assert rows == {
        "base + vocabulary": ["0.500", "2.000", "1.440", "-", "-", "-"],
        "anesthesia": ["0.500", "2.000", "1.440", "0.500", "2.000", "1.440"],
    }
    assert lines[-1] == "model: models/anesthesia"


def test_the_table_says_where_models_did_not_read_the_same_text():
    full = {"tokens": 100, "tokens_per_char": 0.5, "loss": 2.0, "bits_per_char": 1.44}

    def table(*characters):
        results = [
            Result(name=name, key="k", directory=None, measures={"general": {**full, "characters": count}})
            for name, count in zip(("base", "general"), characters, strict=True)
        ]
        return table_of_results(results)

    assert "characters read: base 1,400, general 1,900" in table(1400, 1900)
    assert "characters" not in table(1900, 1900).split("bits/char")[-1]
