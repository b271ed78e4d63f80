"""What must change a stage's key and what must not; keys are found without training."""

import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from hypnos.artefacts.keys import content_key
from hypnos.tuning.job import VERSION, counted, stage_key
from hypnos.tuning.stages import Run

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"
GENERAL, ANESTHESIA = "stages.general", "stages.anesthesia"

Keys = Callable[..., dict[str, str]]


def keys_of(parts: Mapping[str, Any], output: Path) -> dict[str, str]:
    settings = {name: parts[name] for name in ("model", "vocabulary", "stages", "seed")}
    build = partial(instantiate, _convert_="all")
    run = Run({**settings, "heldout": {}, "logger": {}}, build=build, artefacts=output, output=output)
    return {name: key for name, key in run.keys().items() if name != "vocabulary"}


@pytest.fixture(scope="module")
def composed() -> DictConfig:
    """The default configuration with its interpolations: a setting of it is changed far faster than composed anew."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        whole = hydra_compose("train")
    running = ("logger", "group", "wandb")  # they name a job that runs
    return OmegaConf.masked_copy(whole, [name for name in whole if name not in running])


@pytest.fixture(scope="module")
def default(composed, tmp_path_factory) -> dict[str, str]:
    return keys_of(OmegaConf.to_container(composed, resolve=True), tmp_path_factory.mktemp("default"))


@pytest.fixture
def keys(compose, composed, tmp_path: Path) -> Keys:
    def find(*overrides: str) -> dict[str, str]:
        pairs = [override.partition("=")[::2] for override in overrides]
        if any(OmegaConf.select(composed, key) is None or key in GROUPS or "@" in key for key, _ in pairs):
            return keys_of(compose("train", list(overrides)), tmp_path)
        changed = copy.deepcopy(composed)
        for key, value in pairs:
            OmegaConf.update(changed, key, yaml.safe_load(value), merge=False)
        return keys_of(OmegaConf.to_container(changed, resolve=True), tmp_path)

    return find


GROUPS = ("vocabulary", "selection", "template", "logger")
OF_A_STAGE = [
    *("tuning.lr=0.5", "tuning.weight_decay=0.1", "tuning.neftune_alpha=5", "tuning.attention=sdpa"),
    *("tuning.dtype=bfloat16", "tuning.activation_checkpointing=true", "tuning.optimizer.betas=[0.9,0.95]"),
    *("tuning.optimizer.eps=1e-6", "tuning.schedule.warmup=0.5", "trainer.max_epochs=9", "trainer.max_steps=9"),
    *("trainer.precision=bf16-mixed", "trainer.gradient_clip_val=0.5", "trainer.val_check_interval=0.5"),
    *("data.max_length=100", "data.row_length=600", "data.rows_per_step=3", "data.packing=first_fit"),
    *("data.max_heldout=5", "data.seed=9", "callbacks=best"),
]
OF_ADAPTERS = [
    *("tuning.r=16", "tuning.lora_alpha=8", "tuning.lora_dropout=0.1", "tuning.target_modules=[q_proj]"),
    *("tuning.use_rslora=true", "tuning.use_dora=true", "tuning.train_embeddings=false"),
]
OF_THE_RUN = [
    *("seed=1", "model.seed=1", "model.dtype=bfloat16", "model.precision=bf16-mixed"),
    *("vocabulary=none", "vocabulary.size=2500", "vocabulary.coverage=0.9", "vocabulary.pad_to_multiple_of=64"),
    *("vocabulary.max_records=10", "sources.general.limit=50", "sources.general.holdout=0.2"),
    *("sources.anesthesia.limit=50", "template=keep"),  # all sources teach the vocabulary
]
OF_STAGE_2 = [
    *("selection.threshold=8", "selection.floor=4", "selection=none", "selection=self"),
    "tuning@stages.anesthesia.tuning=lora",
]
OF_NOTHING = [
    *("logger=none", "logger=wandb", "accelerator=cpu", "devices=2", "strategy=ddp", "sweep_name=other"),
    *("prepare_only=true", "estimate=true", "estimate_rate=9", "paths.artefacts=elsewhere", "paths.outputs=elsewhere"),
    *("answers.prompts=[]", "answers.max_new_tokens=3", "heldout.general.max_heldout=3"),
    *(f"{stage}.data.workers=2" for stage in (GENERAL, ANESTHESIA)),
    *(f"{stage}.data.cache=elsewhere" for stage in (GENERAL, ANESTHESIA)),
    *(f"{stage}.callbacks.progress.every_seconds=1" for stage in (GENERAL, ANESTHESIA)),
    *(f"{stage}.callbacks.checkpoint.every_n_train_steps=1" for stage in (GENERAL, ANESTHESIA)),
    *(f"{stage}.callbacks.checkpoint.keep=1" for stage in (GENERAL, ANESTHESIA)),
    *(f"~{stage}.callbacks.heldout" for stage in (GENERAL, ANESTHESIA)),
    *(f"{stage}.trainer.devices=2" for stage in (GENERAL, ANESTHESIA)),
    *(f"{stage}.trainer.log_every_n_steps=7" for stage in (GENERAL, ANESTHESIA)),
    *(f"{stage}.trainer.enable_progress_bar=true" for stage in (GENERAL, ANESTHESIA)),
    *(f"{stage}.trainer.enable_model_summary=true" for stage in (GENERAL, ANESTHESIA)),
]


def of(stage: str, setting: str) -> list[str]:
    if setting.startswith("callbacks="):
        return [f"callbacks@{stage}.{setting}"]
    rate = [f"{stage}.tuning.lr=1e-3"] if "tuning@" in setting else []
    return [setting if "tuning@" in setting else f"{stage}.{setting}", *rate]


@pytest.mark.parametrize("setting", [*OF_THE_RUN, *(f"{GENERAL}.{setting}" for setting in OF_ADAPTERS)])
def test_what_the_first_stage_is_made_of_changes_both(keys, default, setting):
    before, after = default, keys(setting)
    assert before["general"] != after["general"]
    assert before["anesthesia"] != after["anesthesia"]


@pytest.mark.parametrize("setting", OF_A_STAGE)
def test_a_setting_of_stage_1_changes_both_stages(keys, default, setting):
    before, after = default, keys(*of(GENERAL, setting))
    assert before["general"] != after["general"]
    assert before["anesthesia"] != after["anesthesia"]


@pytest.mark.parametrize("setting", [*OF_A_STAGE, *OF_STAGE_2])
def test_a_setting_of_stage_2_leaves_stage_1_as_it_is(keys, default, setting):
    override = [setting] if setting.startswith("selection") else of(ANESTHESIA, setting)
    before, after = default, keys(*override)
    assert before["general"] == after["general"]
    assert before["anesthesia"] != after["anesthesia"]


@pytest.mark.parametrize("setting", OF_NOTHING)
def test_a_setting_that_changes_no_result_changes_no_key(keys, default, setting):
    assert keys("accelerator=cpu", setting) == default  # of which there are two on any machine


@pytest.mark.slow
def test_no_two_settings_share_a_key(keys):
    every = [keys(*of(GENERAL, setting))["general"] for setting in OF_A_STAGE]
    assert len(set(every)) == len(every)


def test_files_count_by_what_they_hold_and_not_by_where_they_lie(keys, default, tmp_path):
    moved = tmp_path / "moved.jsonl"
    shutil.copy(SAMPLE / "anesthesia.jsonl", moved)
    shutil.copytree(SAMPLE / "base", tmp_path / "base")
    elsewhere = [f"sources.anesthesia.path={moved}", f"model.path={tmp_path / 'base'}"]
    assert keys(*elsewhere) == default
    (tmp_path / "base" / "README.md").write_text("a card says nothing to a model", "utf-8")
    assert keys(*elsewhere) == default
    moved.write_text(moved.read_text("utf-8").replace("丙泊酚", "依托咪酯", 1), "utf-8")
    assert keys(*elsewhere)["anesthesia"] != default["anesthesia"]


def test_the_terms_of_the_vocabulary_count(keys, default, tmp_path):
    (tmp_path / "terms.txt").write_text("丙泊酚\n", "utf-8")
    assert keys(f"paths.terms={tmp_path / 'terms.txt'}")["general"] != default["general"]


def test_a_stage_before_it_changes_a_stage(keys, default):
    both, alone = default, keys("experiment=specific_only")
    assert list(both) == ["general", "anesthesia"]
    assert both["anesthesia"] != alone["anesthesia"]
    assert both["general"] == keys("experiment=general_only")["general"]


@pytest.mark.slow
def test_two_processes_that_want_the_same_stage_make_it_once(tmp_path):
    small = [
        *("experiment=specific_only", "sources.general.limit=60", "sources.anesthesia.limit=60", "logger=none"),
        *("model.recipe.pieces=2000", "model.recipe.anesthesia.epochs=2", "answers.prompts=[]"),
    ]
    command = [sys.executable, str(ROOT / "train.py"), *small]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=600) for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    for kind in ("vocabulary/chinesevocabulary", "models/base", "models/anesthesia"):
        assert sum(err.count(f"made artefacts/{kind}-") for _, err in said) == 1, kind
        assert sum(err.count(f"reusing artefacts/{kind}-") for _, err in said) >= 1, kind
    assert said[0][0] == said[1][0]  # the same table
    assert len(list(tmp_path.glob("artefacts/models/anesthesia-*"))) == 1


def test_what_decides_a_stage_is_told_from_how_it_runs():
    settings = {
        "data": {"seed": 1},
        "tuning": {"lr": 0.5},
        "trainer": {"max_epochs": 2, "devices": 4, "strategy": "ddp"},
        "callbacks": {"progress": {"every_seconds": 1}, "best": {"monitor": "val/loss"}},
    }
    expected = {"tuning": {"lr": 0.5}, "trainer": {"max_epochs": 2}, "callbacks": {"best": {"monitor": "val/loss"}}}
    assert counted(settings) == expected
    keys = [
        stage_key(settings, parent_key=parent, data={"a": 1}, seed=seed)
        for parent, seed in (("p", 0), ("q", 0), ("p", 1))
    ]
    assert len(set(keys)) == 3


def test_a_number_of_a_tuning_has_one_key_however_it_is_written():
    def key(alpha, decay, trainer=1.0):
        tuning = {"lora_alpha": alpha, "use_dora": True, "schedule": {"floor": decay}, "betas": [0.9, 0.999]}
        settings = {"tuning": tuning, "trainer": {"limit_val_batches": trainer}}
        return stage_key(settings, parent_key="p", data={}, seed=0)

    assert key(32, 0.0) == key(32.0, 0.0) == key(32.0, 0) != key(33, 0.0)
    # The key before 32.0 was the same number; a trainer means one batch by 1, and all by 1.0.
    before = {"version": VERSION, "parent": "p", "data": content_key({}), "seed": 0}
    tuning = {"lora_alpha": 32, "use_dora": True, "schedule": {"floor": 0.0}, "betas": [0.9, 0.999]}
    assert key(32, 0.0) == content_key({**before, "tuning": tuning, "trainer": {"limit_val_batches": 1.0}})
    assert key(32, 0.0, trainer=1) != key(32, 0.0, trainer=1.0)
