"""What a stage exports is the model that was trained."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from hypnos.errors import UserError
from hypnos.tuning.handoff import TOLERANCE, check_directory, probe_logits
from hypnos.tuning.memory import measure_row
from hypnos.tuning.stage import _export, _make_trainer


def learn(module: Any, directory: Path) -> None:
    """A few large steps, so that the adapter says something."""
    from hypnos.tuning.compute.loss import negative_log_likelihood

    torch.manual_seed(0)
    module.load(directory)
    trained = [p for p in module.model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    ids = torch.arange(4, 44)
    row = {
        "input_ids": ids[None],
        "position_ids": torch.arange(40)[None],
        "labels": ids[1:],
        "logits_to_keep": ids[1:] - 5,
    }
    row |= {"cu_seqlens": torch.tensor([0, 40]), "max_seqlen": 40}
    half = module.weights_dtype == torch.bfloat16
    for _ in range(3):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            loss = negative_log_likelihood(module.model, row) / 39
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def greedy(model: Any, tokenizer: Any, prompt: str) -> str:
    inputs = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    said = model.eval().generate(**inputs, generation_config=GenerationConfig(max_new_tokens=24, do_sample=False))
    return tokenizer.decode(said[0], skip_special_tokens=False)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("extended", "pad"), [(False, None), (True, None), (True, 64), (False, 64)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_after_lora_the_directory_is_the_model_that_was_trained(make_base, lora, tmp_path, tied, extended, pad, dtype):
    """Merged equals adapter and reloaded equals saved: logits and greedy text; rows, ties and counts are as they were."""
    directory, tokenizer, vocabulary = make_base(tied=tied, extended=extended, pad=pad)
    pieces, rows = (2801, 2816) if extended else (1500, 1536)
    rows = rows if pad else pieces
    module = lora(dtype=dtype)
    learn(module, directory)
    before = probe_logits(module.model, rows)
    base = AutoModelForCausalLM.from_pretrained(directory, dtype=module.weights_dtype)
    assert (before - probe_logits(base, rows)).abs().max() > 10 * TOLERANCE[getattr(torch, dtype)]
    spoken = AutoTokenizer.from_pretrained(tokenizer)
    assert len(spoken) == pieces
    said = greedy(module.model, spoken, "丙泊酚的剂量是多少？") if dtype == "float32" else None
    out = tmp_path / "out"
    out.mkdir()
    _export(module, out, directory, tokenizer, dtype)

    check_directory(out)
    again = AutoModelForCausalLM.from_pretrained(out, dtype="auto")
    assert again.dtype == module.weights_dtype
    assert again.config.vocab_size == rows == again.lm_head.weight.shape[0]
    assert (again.lm_head.weight is again.model.embed_tokens.weight) == tied == again.config.tie_word_embeddings
    assert ("lm_head.weight" in load_file(out / "model.safetensors")) == (not tied)
    scale = max(before.abs().max().item(), 1.0)
    assert (probe_logits(again, rows) - before).abs().max() <= TOLERANCE[getattr(torch, dtype)] * scale
    if said is not None:
        assert greedy(again, AutoTokenizer.from_pretrained(out), "丙泊酚的剂量是多少？") == said

    from peft import PeftModel

    adapted = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(directory, dtype="float32"), out / "adapter"
    )
    assert (probe_logits(adapted, rows) - before).abs().max() <= TOLERANCE[getattr(torch, dtype)] * scale

    computed = measure_row(lora(dtype=dtype), base.config, precision="32-true", tokens=8, loss_tokens=4)
    assert again.num_parameters() == computed.parameters
    config = vocabulary.read_config(str(directory.parent / "base"), tokenizer)
    assert (config.vocab_size, config.tie_word_embeddings) == (rows, tied)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_without_its_adapter_is_never_written(make_base, lora, tmp_path, monkeypatch, dtype):
    directory, tokenizer, _ = make_base(tied=True, extended=True)
    module = lora(dtype=dtype)
    learn(module, directory)
    monkeypatch.setattr(module, "merge", lambda: module.model.unload())
    with pytest.raises(UserError, match=r"merging the adapter: (logits differ by|it changes logits by)"):
        _export(module, tmp_path, directory, tokenizer, dtype)
    assert not (tmp_path / "model.safetensors").exists()


def test_a_deep_model_is_not_lost_to_rounding(make_base, full, tmp_path):
    """Of many layers in half precision little may stay of the logits in float32; what was written is still proved."""
    base, tokenizer, _ = make_base(tied=True)
    directory = tmp_path / "base"
    shutil.copytree(base, directory)
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(directory, num_hidden_layers=48, initializer_range=0.2)
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(directory)
    module = full(dtype="float32")
    module.load(directory)
    out = tmp_path / "out"
    out.mkdir()
    rows = module.model.config.vocab_size
    before = probe_logits(module.model, rows)
    _export(module, out, directory, tokenizer, "bfloat16")
    after = probe_logits(AutoModelForCausalLM.from_pretrained(out, dtype="bfloat16"), rows)
    assert (before - after).abs().max() > 10 * TOLERANCE[torch.bfloat16] * before.abs().max() > 0
    assert (probe_logits(module.model, rows) - after).abs().max() <= 1e-5 * after.abs().max()


@pytest.mark.parametrize("quantised", [False, True])
def test_a_quantised_base_is_merged_onto_the_base_as_it_was(make_base, lora, tmp_path, monkeypatch, quantised):
    """Rounded weights stand in for four bits, which need a GPU: of them nothing may reach the merged model."""
    directory, tokenizer, _ = make_base(tied=False)

    def read_rounded(folder: Path, *, kind: str, dtype: torch.dtype) -> Any:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
        for layer in model.model.layers:
            for weight in layer.parameters():
                weight.data = (weight.data * 64).round() / 64
        return model

    monkeypatch.setattr("hypnos.tuning.lora.read_quantized", read_rounded)
    module = lora(quantization="nf4" if quantised else None, train_embeddings=False)
    learn(module, directory)
    adapter = {n: p.detach().clone() for n, p in module.model.named_parameters() if p.requires_grad}
    out = tmp_path / "out"
    out.mkdir()
    _export(module, out, directory, tokenizer, "float32")
    base, merged = (load_file(folder / "model.safetensors") for folder in (directory, out))
    name = "model.layers.1.mlp.up_proj"
    inside = f"base_model.model.{name}.lora_{{}}.default.weight"
    update = 8 / 4 * adapter[inside.format("B")] @ adapter[inside.format("A")]  # lora_alpha / r
    assert update.abs().max() > 1e-3
    torch.testing.assert_close(merged[f"{name}.weight"], base[f"{name}.weight"] + update, atol=1e-6, rtol=0)
    assert torch.equal(merged["model.layers.0.input_layernorm.weight"], base["model.layers.0.input_layernorm.weight"])


def test_a_stage_for_fewer_processes_than_were_started_is_refused(make_job, tmp_path, monkeypatch):
    """Each of them would train all of it, and write into one folder."""
    trainer = {"strategy": "auto", "precision": "32-true", "devices": 1, "accelerator": "cpu", "logger": False}
    settings = {"tuning": {}, "trainer": trainer}

    def build(config, **more):
        return Trainer(**{**config, **more})

    assert _make_trainer(make_job(settings=settings), tmp_path, build, loggers=[], rows_per_step=8).world_size == 1
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="2 processes were started, and devices x num_nodes is 1"):
        _make_trainer(make_job(settings=settings), tmp_path, build, loggers=[], rows_per_step=8)
