import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from hypnos.errors import Pruned
from hypnos.tuning.tracking.tracking import Tracking

SHORT = ["stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2"]


def directories_of(results) -> dict[str, Path]:
    return {row["name"]: Path(row["directory"]) for row in results if row["directory"]}


def stamps(*folders: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for folder in folders for file in folder.rglob("*") if file.is_file()}


def test_every_model_of_a_run_is_measured_on_the_same_text(results):
    assert [row["name"] for row in results] == ["base", "vocabulary", "general", "anesthesia"]
    for kind in ("general", "anesthesia"):
        assert len({row["measures"][kind]["characters"] for row in results}) == 1
        assert all(row["measures"][kind]["bits_per_char"] > 0 for row in results)
        fewer = [row["measures"][kind]["tokens"] for row in results]
        assert fewer[1] < fewer[0] / 2  # the extension spells Chinese with far fewer tokens
        assert fewer[1:] == [fewer[1]] * 3


def test_a_finished_stage_is_reused_and_a_changed_one_redone(results, train_once):
    """Changing stage 2 alone leaves stage 1 as it is."""
    first = directories_of(results)
    before = stamps(*first.values())
    again = directories_of(train_once(*SHORT))
    assert again == first
    assert stamps(*first.values()) == before
    changed = directories_of(train_once(*SHORT, "stages.anesthesia.tuning.lr=5e-4"))
    assert changed["general"] == first["general"]
    assert changed["anesthesia"] != first["anesthesia"]
    assert stamps(*first.values()) == before


def test_settings_that_do_not_count_leave_the_key(results, train_once):
    more = ["stages.general.callbacks.progress.every_seconds=5", "stages.general.data.workers=1", "accelerator=cpu"]
    assert directories_of(train_once(*SHORT, *more)) == directories_of(results)


def test_lora_learns_and_full_tuning_changes_every_matrix(results):
    found = directories_of(results)
    base, general, anesthesia = (
        load_file(found[n] / "model.safetensors") for n in ("vocabulary", "general", "anesthesia")
    )
    for name in base:
        if "norm" in name:
            assert torch.equal(base[name], general[name]), name  # frozen under LoRA
        else:
            assert not torch.equal(base[name], general[name]), name
        assert not torch.equal(general[name], anesthesia[name]), name


def test_prepare_only_makes_the_vocabulary_and_the_data_alone(train_once, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"results\.json"):
        train_once("prepare_only=true", artefacts=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "vocabulary"]
    assert list(tmp_path.glob("data/*/general.arrow"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "stages"),
    [
        ("specific_only", ["anesthesia"]),
        ("general_only", ["general"]),
        ("mixed", ["mixed"]),
        ("no_vocabulary", ["general", "anesthesia"]),
        ("pretrain_first", ["pretrain", "general", "anesthesia"]),
    ],
)
def test_every_experiment_runs(train_once, tmp_path, experiment, stages):
    short = [f"stages.{stage}.trainer.max_steps=2" for stage in stages]
    rows = train_once(f"experiment={experiment}", *short, output=tmp_path)
    assert [row["name"] for row in rows] == ["base", "vocabulary", *stages]
    if experiment == "no_vocabulary":
        assert rows[0]["measures"] == rows[1]["measures"]
    told = json.loads((tmp_path / "arm.json").read_text("utf-8"))["stages"]
    cut = [of["truncated"] for stage in told for name, of in stage["data"]["sources"].items() if name != "text"]
    assert not any(cut)  # arms with and without the vocabulary learn the same text


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("sources.anesthesia.path=/nowhere/a.jsonl", "/nowhere/a.jsonl"),
        ("sources.anesthesia.holdout=1.5", r"^sources\.anesthesia\.holdout: 1\.5: "),
        ("model.path=/nowhere/base", "/nowhere/base"),
        ("model.path=nobody/no-such-model", "nobody/no-such-model"),
        ("stages.general.data.rows_per_step=0", r"stages\.general\.data\.rows_per_step: 0: "),
        ("stages.general.data.row_length=100", "row_length 100"),
        ("stages.general.tuning.lr=-1", r"stages\.general\.tuning\.lr: -1: "),
        ("vocabulary.size=10", r"vocabulary\.size"),
        ("template=keep", "template"),
        ("stages.general.tuning.target_modules=[q_projj]", "q_projj"),
        ("stages.general.data.max_length=16", "max_length 16"),
        (
            "stages.anesthesia.trainer={max_steps: -1, max_epochs: -1}",
            "anesthesia.trainer: neither max_epochs nor max_steps",
        ),
    ],
)
def test_bad_input_is_named_in_one_line_and_leaves_nothing_half_made(train_once, tmp_path, override, named):
    import warnings

    from hypnos.errors import find_message

    with warnings.catch_warnings(), pytest.raises(Exception) as caught:
        warnings.simplefilter("ignore")
        train_once(*SHORT, override, artefacts=tmp_path)
    message = find_message(caught.value)
    assert message is not None, caught.value
    import re

    assert re.search(named, message), message
    assert "\n" not in message
    assert not [file for file in tmp_path.glob("**/stage.json") if not file.parent.name.startswith("base-")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [[], ["stages.general.tuning.use_dora=true"], ["stages.general.tuning.train_embeddings=false"]]
)
def test_a_base_in_bf16_goes_through_both_stages(train_once, kind):
    rows = train_once(*SHORT, "model.dtype=bfloat16", "model.precision=bf16-mixed", *kind)
    weights = load_file(directories_of(rows)["anesthesia"] / "model.safetensors")
    assert {w.dtype for w in weights.values()} == {torch.bfloat16}
    assert rows[-1]["measures"]["anesthesia"]["loss"] < rows[1]["measures"]["anesthesia"]["loss"]


@pytest.mark.slow
def test_the_best_weights_are_kept_and_training_stops_when_they_no_longer_improve(train_once):
    best = ["experiment=specific_only", "callbacks@stages.anesthesia.callbacks=best"]
    rows = train_once(*best, "stages.anesthesia.trainer.max_epochs=6", "stages.anesthesia.tuning.lr=0.05")
    stage = json.loads((directories_of(rows)["anesthesia"] / "stage.json").read_text())
    kept = rows[-1]["measures"]["anesthesia"]["loss"]
    assert stage["metrics"]["val/loss"] == pytest.approx(kept, abs=0.02)


def test_nothing_held_out_shows_no_figure(train_once, capsys):
    none = [f"sources.{name}.holdout=0" for name in ("general", "anesthesia")]
    rows = train_once("experiment=specific_only", "stages.anesthesia.trainer.max_steps=1", *none)
    assert rows[-1]["measures"]["anesthesia"]["tokens"] == 0
    assert "0.000" not in capsys.readouterr().out


def test_a_mistake_in_a_later_stage_is_found_before_the_first(train_once, tmp_path):
    with pytest.raises(Exception, match="bf16-mixd"):
        train_once("stages.anesthesia.trainer.precision=bf16-mixd", artefacts=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_stage_that_nothing_is_selected_for_is_found_when_data_are_prepared(train_once, tmp_path):
    pairs = tmp_path / "pairs.jsonl"
    rows = [{"instruction": f"问{n}", "chosen": "甲", "rejected": "乙", "margin": 0.5} for n in range(3)]
    pairs.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    arm = ["experiment=general_to_specific_to_preferred", f"sources.preferences.path={pairs}", "prepare_only=true"]
    lost = r"stages\.preference: no record is left to train on; preferences: 3 not selected \(margin below 1\)"
    with pytest.raises(Exception, match=lost):
        train_once(*arm, artefacts=tmp_path / "artefacts")


@pytest.mark.parametrize(
    ("raised", "ended_by", "failed"),
    [(Pruned(value=6.5, step=2), FileNotFoundError, False), (RuntimeError("out of memory"), RuntimeError, True)],
)
def test_a_stage_that_a_search_ends_is_not_shown_as_failed(
    results, train_once, monkeypatch, raised, ended_by, failed, tmp_path
):
    def train_stage(*_, **__):
        raise raised

    shown = []
    monkeypatch.setattr("hypnos.tuning.stages.train_stage", train_stage)
    monkeypatch.setattr(Tracking, "close", lambda self, *, failed: shown.append(failed))
    with pytest.raises(ended_by):  # no results of a pruned trial
        train_once(*SHORT, "stages.general.tuning.lr=7e-4", output=tmp_path)
    assert shown == [failed]
