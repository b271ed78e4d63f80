"""What makes an arm another one, and what does not; nothing is trained."""

import json
from types import SimpleNamespace

import pytest

from hypnos.experiment.outcome import clear_outcome, is_finished, outcome_key, write_outcome
from hypnos.tuning.stages import Result

COUNTS = {
    "seed=1": "general anesthesia",
    "model.seed=1": "vocabulary general anesthesia",
    "vocabulary.size=2500": "vocabulary general anesthesia",
    "sources.general.limit=59": "vocabulary general anesthesia",
    "sources.anesthesia.holdout=0.2": "vocabulary general anesthesia",
    "stages.general.tuning.lr=1e-5": "general anesthesia",
    "stages.general.tuning.r=16": "general anesthesia",
    "stages.general.tuning.schedule.warmup=0.1": "general anesthesia",
    "stages.anesthesia.tuning.optimizer.betas=[0.9,0.95]": "anesthesia",
    "stages.anesthesia.trainer.max_epochs=7": "anesthesia",
    "stages.anesthesia.trainer.max_steps=3": "anesthesia",
    "stages.anesthesia.trainer.gradient_clip_val=0.5": "anesthesia",
    "stages.anesthesia.trainer.precision=bf16-mixed": "anesthesia",
    "stages.anesthesia.data.rows_per_step=8": "anesthesia",
    "stages.anesthesia.data.packing=none": "anesthesia",
    "callbacks@stages.anesthesia.callbacks=best": "anesthesia",
    "selection.threshold=8": "anesthesia",
    "selection=random": "anesthesia",
    "selection.makers=people": "anesthesia",
    "data_share=0.5": "anesthesia",
    "learnt_tokens=5000": "anesthesia",
    "learnt_characters=5000": "anesthesia",
    "experiment=replay": "anesthesia",
    "experiment=full_only": "general anesthesia",
}
"""Settings that matter, and the models whose keys they change."""

LEAVES = [
    "logger=wandb",
    "logger=none",
    "accelerator=cpu",
    "devices=2",
    "stages.anesthesia.data.workers=2",
    "stages.anesthesia.trainer.enable_progress_bar=true",
    "stages.anesthesia.trainer.log_every_n_steps=5",
    "stages.anesthesia.callbacks.checkpoint.every_n_train_steps=7",
    "answers.max_new_tokens=3",
    "sweep_name=mine",
    "group=mine",
    "replay=0.5",
    "sweep=strategy",
    "benchmark=true",
    "tasks=[anecq]",
    "objective=anecq.accuracy",
]
"""Settings that do not."""


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def plain(described, kept):
    """The arm without any setting, described once."""
    if not kept:
        kept["key"] = outcome_key(described())
    return kept["key"]


@pytest.mark.parametrize(("override", "changed"), list(COUNTS.items()))
def test_a_setting_that_matters_changes_the_keys_of_what_it_makes(described, plain, override, changed):
    other = described(override).keys()
    assert " ".join(name for name, key in plain["stages"].items() if key != other[name]) == changed


@pytest.mark.parametrize("override", LEAVES)
def test_a_setting_that_does_not_matter_leaves_the_key_of_the_arm(described, plain, override):
    assert outcome_key(described("accelerator=cpu", override)) == plain  # of which there are two on any machine


def test_arms_of_the_strategy_share_their_first_stage(described, plain):
    both, first = plain["stages"], described("experiment=general_only").keys()
    assert both["general"] == first["general"] and both["vocabulary"] == first["vocabulary"]
    assert described("experiment=mixed").keys()["vocabulary"] == both["vocabulary"]


def test_only_the_outcome_of_this_very_run_counts_as_finished(described, tmp_path):
    run = described()
    assert not is_finished(tmp_path, run)
    model = tmp_path / "model"
    model.mkdir()
    (tmp_path / "results.json").write_text(json.dumps([{"name": "base", "directory": str(model)}]))
    (tmp_path / "arm.json").write_text(json.dumps({"key": outcome_key(run)}))
    assert is_finished(tmp_path, run)
    assert not is_finished(tmp_path, described("seed=5"))
    model.rmdir()
    assert not is_finished(tmp_path, run)
    model.mkdir()
    assert not is_finished(tmp_path, run, "these questions")  # its last model has yet to answer
    (tmp_path / "benchmark.json").write_text(json.dumps({"key": "other questions"}))
    assert not is_finished(tmp_path, run, "these questions")
    (tmp_path / "benchmark.json").write_text(json.dumps({"key": "these questions"}))
    assert is_finished(tmp_path, run, "these questions")
    assert not is_finished(tmp_path, run, push="hub:owner/model")  # it has yet to be sent
    (tmp_path / "arm.json").write_text(json.dumps({"key": outcome_key(run), "pushed": "hub:owner/model"}))
    assert is_finished(tmp_path, run, push="hub:owner/model") and is_finished(tmp_path, run)
    assert not is_finished(tmp_path, run, push="ms:owner/model")
    clear_outcome(tmp_path)
    assert not is_finished(tmp_path, run) and not list(tmp_path.glob("*.json"))


def test_the_records_of_each_model_are_its_own(tmp_path):
    def read(*characters):
        names = [f"r{number}" for number in range(len(characters))]
        return {"set": {"records": names, "groups": names, "characters": [*characters], "bits": [4.0] * len(names)}}

    kept = {"base": read(5, 7), "last": read(5, 9, 3)}
    heldout = SimpleNamespace(records=kept.get, keys=dict)
    run = SimpleNamespace(heldout=heldout, stages={}, seed=1, keys=dict)
    results = [Result(name=name, key=name, directory=None, measures={}) for name in kept]
    write_outcome(tmp_path, run, results, pushed="hub:owner/model")
    assert json.loads((tmp_path / "arm.json").read_text("utf-8"))["pushed"] == "hub:owner/model"
    written = json.loads((tmp_path / "records.json").read_text("utf-8"))["set"]["models"]
    assert {name: columns["characters"] for name, columns in written.items()} == {"base": [5, 7], "last": [5, 9, 3]}
    assert [len(columns["bits"]) for columns in written.values()] == [2, 3]
