import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM

from hypnos.errors import UserError
from hypnos.tuning.compute.loss import plain_head
from hypnos.tuning.handoff import probe_logits
from tests.tuning.families import make_model


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", [{}, {"use_rslora": True}, {"use_dora": True}, {"train_embeddings": False}])
def test_merging_an_adapter_changes_no_answer(lora, small_directory, tmp_path, tied, kind, rows, fit):
    module = lora(**kind)
    module.load(small_directory(tied=tied))
    fit(module, [rows(2), rows(2, seed=2)])
    module.eval()
    before = probe_logits(module.model, 1500)
    plain = type(module.model.get_base_model()).from_pretrained(tmp_path / "base")
    assert (before - probe_logits(plain, 1500)).abs().max() > 1e-3
    merged = module.merge()
    torch.testing.assert_close(probe_logits(merged, 1500), before, atol=2e-5, rtol=1e-5)
    assert (merged.lm_head.weight is merged.model.embed_tokens.weight) == tied
    assert merged.config.tie_word_embeddings == tied
    changed = not torch.equal(merged.model.embed_tokens.weight, plain.model.embed_tokens.weight)
    assert changed == kind.get("train_embeddings", True)


def test_an_adapters_checkpoint_holds_what_is_trained_alone(lora, small_directory):
    module = lora(train_embeddings=False)
    module.load(small_directory())
    checkpoint = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    assert checkpoint["state_dict"].keys() == {n for n, p in module.named_parameters() if p.requires_grad}
    assert all("lora_" in name for name in checkpoint["state_dict"])


def test_unknown_target_modules_are_named(lora, small_directory):
    module = lora(target_modules=["no_such_layer"])
    with pytest.raises(UserError, match="no_such_layer"):
        module.load(small_directory())


def test_all_linear_is_peft_s_word_for_every_linear_layer_but_the_head(lora, small_directory, tmp_path):
    module = lora(target_modules="all-linear", train_embeddings=False)
    module.load(small_directory(tied=False))
    adapted = {name.rpartition(".")[2] for name, layer in module.model.named_modules() if hasattr(layer, "lora_A")}
    assert adapted == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    module.save_adapter(tmp_path / "adapter")
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    again = PeftModel.from_pretrained(base, str(tmp_path / "adapter"))
    torch.testing.assert_close(probe_logits(again, 1500), probe_logits(module.model, 1500))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"target_modules": ["norm"]}, "x.target_modules: norm: is a LlamaRMSNorm; adapters lie on linear layers"),
        ({"target_modules": ["q_proj", "w1"]}, "x.target_modules: the model has no layer w1; all-linear fits any"),
        ({"r": 1000}, "x.r: 1000: must be at most 32, the rank of the largest layer"),
        ({"r": 33, "target_modules": "all-linear"}, "x.r: 33: must be at most 32, the rank of the largest layer"),
    ],
)
def test_what_a_model_cannot_be_adapted_to_is_named_by_its_shape_alone(lora, small_directory, settings, line):
    config = AutoConfig.from_pretrained(small_directory())
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(UserError) as raised:
        lora(**settings).check_model(model, where="x")
    assert str(raised.value) == line
    lora(r=32).check_model(model, where="x")


SAVE = """
import sys, torch
from functools import partial
from pathlib import Path
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.schedule import constant
names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
module = LoraTuning(lr=1e-3, optimizer=torch.optim.AdamW, schedule=constant, r=2, lora_alpha=4, target_modules=names)
module.load(Path(sys.argv[1]))
module.save_adapter(Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_an_adapters_files_are_the_same_in_every_process(small_directory, tmp_path):
    base = small_directory()
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", SAVE, str(base), str(tmp_path / seed)],
            check=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1"},
        )
    first, second = ((tmp_path / seed / "adapter_config.json").read_text() for seed in ("1", "2"))
    assert first == second and json.loads(first)["r"] == 2


@pytest.mark.parametrize("family", ["Llama", "GPT-2", "BLOOM"])
def test_embeddings_and_head_are_trained_as_one_table_whatever_they_are_called(lora, tmp_path, family):
    make_model(family, tied=True).save_pretrained(tmp_path)
    module = lora(target_modules="all-linear")
    module.load(tmp_path)
    table = module.model.get_input_embeddings().modules_to_save["default"].weight
    assert plain_head(module.model.get_base_model()) is table
    with torch.no_grad():
        table.add_(1.0)
    merged = module.merge()
    assert merged.get_output_embeddings().weight is merged.get_input_embeddings().weight
    assert torch.equal(merged.get_output_embeddings().weight, table)
