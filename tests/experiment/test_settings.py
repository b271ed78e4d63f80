"""Every wrong setting ends train.py in one line that names it, before a folder is made."""

import pytest

from hypnos.errors import UserError
from hypnos.experiment.run import check_configuration, run_experiment

LORA = "stages.general.tuning"
DATA = "stages.general.data"
WRONG = [
    (f"{LORA}.lora_alpha=0", "lora_alpha: 0: must be a number, above 0"),
    (f"{LORA}.lora_alpha=-8", "lora_alpha: -8"),
    (f"{LORA}.lora_dropout=-0.1", "lora_dropout: -0.1: must be a number, at least 0 and below 1"),
    (f"{LORA}.lora_dropout=1.5", "lora_dropout: 1.5"),
    (f"{LORA}.schedule.warmup=2", "schedule.warmup: 2: must be a number, from 0 to 1"),
    (f"{LORA}.schedule.warmup=10", "schedule.warmup: 10: must be a number, from 0 to 1"),
    (f"{LORA}.schedule.warmup=-1", "schedule.warmup: -1"),
    (f"{LORA}.schedule.floor=5", "schedule.floor: 5: must be a number, from 0 to 1"),
    (f"{LORA}.neftune_alpha=-1", "neftune_alpha: -1: must be a number, at least 0"),
    (f"{LORA}.weight_decay=-1", "weight_decay: -1"),
    ("stages.general.trainer.gradient_clip_val=-1", "gradient_clip_val: -1: must be a number, at least 0 or null"),
    ("+stages.general.trainer.gradient_clip_algorithm=value", "gradient_clip_algorithm: value: must be norm or null"),
    ("+stages.general.trainer.limit_train_batches=6", "limit_train_batches: 6: must be null"),
    ("+stages.general.trainer.overfit_batches=0.1", "overfit_batches: 0.1: must be 0"),
    ("+stages.general.trainer.accumulate_grad_batches=8", "accumulate_grad_batches: 8: must be 1"),
    (f"{LORA}.r=0", "r: 0: must be a whole number, at least 1"),
    (f"{LORA}.r=x", "r: x: must be a whole number"),
    (f"{LORA}.r=2.5", "r: 2.5: must be a whole number"),
    (f"{LORA}.lr=0", "lr: 0: must be a number, above 0"),
    (f"{LORA}.target_modules=[]", "target_modules: []: must be a list, each text, not empty or all-linear"),
    (f"{LORA}.target_modules=all", "target_modules: all: must be a list"),
    (f"{LORA}.optimizer.betas=[0.9]", "betas: [0.9]: must be a list of 2"),
    (f"{LORA}.optimizer.betas=[0.9,1.5]", "betas: [0.9, 1.5]"),
    (f"{LORA}.optimizer.eps=-1", "eps: -1: must be a number, at least 0"),
    (f"{LORA}.attention=foo", "attention: foo: must be one of auto, documents, sdpa, eager, flash_attention_2"),
    (f"{LORA}.dtype=int8", "dtype: int8: must be one of float32"),
    (f"+{LORA}.quantization=int4", "quantization: int4: must be nf4 or null"),
    ("model.dtype=int8", "model.dtype: int8"),
    ("model.precision=bf17", "model.precision: bf17"),
    ("model.path=null", "model.path: null: must be text"),
    ("model.recipe.pieces=0", "model.recipe.pieces: 0: must be a whole number, at least 1"),
    (f"{DATA}.rows_per_step=1.5", f"{DATA}.rows_per_step: 1.5: must be a whole number, at least 1"),
    (f"{DATA}.packing=worst", "packing: worst: must be one of best_fit, first_fit, none"),
    ("data_share=-1", "data_share: -1"),
    ("seed=null", "seed: null: must be a whole number, from 0 to 4294967295"),
    ("seed=-1", "seed: -1"),
    ("sources.general.path=null", "sources.general.path: null: must be text"),
    ("sources.general.holdout=2", "sources.general.holdout: 2"),
    ("selection.threshold=11", "selection.threshold: 11: must be a number, from 0 to 10"),
    ("selection.how=median", "selection.how: median: must be one of mean, minimum, weighted"),
    ("accelerator=gpux", "accelerator: gpux: must be one of auto, cpu, gpu"),
    ("strategy=zero", "strategy: zero: must be one of auto, ddp, fsdp"),
    ("benchmark=perhaps", "benchmark: perhaps: must be true or false or auto"),
    ("likelihood=letter", "likelihood: letter"),
    ("sampling.temperature=-1", "sampling.temperature: -1"),
    ("inference.rows=0", "inference.rows: 0"),
    ("tasks.anecq.limit=0", "tasks.anecq.limit: 0"),
    ("answers.max_new_tokens=0", "answers.max_new_tokens: 0"),
    ("prepare_only=yes_please", "prepare_only: yes_please: must be true or false"),
    ("wandb.mode=maybe", "wandb.mode: maybe: must be one of online, offline, disabled"),
    ("+answers.max_new_token=3", "answers.max_new_token: no such key (known: max_new_tokens, prompts)"),
    ("+paths.artefact=elsewhere", "paths.artefact: no such key"),
    ("+model.recipe.general.learning_rate=1", "model.recipe.general.learning_rate: no such key"),
    ("+template.caht=x", "template.caht: no such key (known: chat)"),
    ("+wandb.projct=x", "wandb.projct: no such key"),
    ("+inference.row=1", "inference.row: no such key"),
    ("+sampling.top_k=1", "sampling.top_k: no such key"),
    ("+stages.general.trianer={}", "stages.general.trianer: no such key"),
]


@pytest.mark.parametrize(("override", "line"), WRONG)
def test_a_wrong_setting_is_named_before_anything_is_made(changed, tmp_path, monkeypatch, override, line):
    monkeypatch.chdir(tmp_path)
    *choices, value = override.split(" ") if "{" not in override else [override]
    values = [value]
    config = changed("train", values, *choices)

    def build(*_, **__):
        raise AssertionError("nothing may be built")

    with pytest.raises(UserError) as raised:
        run_experiment(config, build=build, output=tmp_path / "output")
    assert line in str(raised.value), str(raised.value)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "override",
    [
        *(f"{LORA}.{setting}" for setting in ("lora_alpha=32.0", "lr=1", "schedule.warmup=0", "neftune_alpha=5")),
        *(f"stages.general.trainer.{setting}" for setting in ("gradient_clip_val=null", "limit_val_batches=2")),
        *("sources.general.holdout=0", "data_share=1", "selection.threshold=7", "devices=[0]", "devices=2"),
        *(f"{LORA}.target_modules=all-linear", "benchmark=false", "likelihood=[letters]", "model.seed=null"),
        *("+model.recipe.own={lr: 1e-4}", "template=keep", "logger=wandb", "callbacks@stages.general.callbacks=best"),
    ],
)
def test_what_worked_still_works(changed, override):
    choice = override.partition("=")[0] in ("template", "logger") or "@" in override
    check_configuration(changed("train", [], override) if choice else changed("train", [override]))
