"""What one stage gives the next fits together, or one line says with both values what does not."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from hypnos.corpus.sources import Source
from hypnos.errors import UserError
from hypnos.tuning.export import describe_model
from hypnos.tuning.handoff import TOLERANCE, check_directory, check_parent, check_same, probe_logits
from hypnos.tuning.memory import measure_row
from hypnos.tuning.stage import _export
from hypnos.vocabulary.base_vocabulary import OwnVocabulary
from hypnos.vocabulary.chinese import ChineseVocabulary

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"
KEY = "a" * 64


def vocabulary_of(extended: bool, pad: int | None) -> OwnVocabulary:
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    if not extended:
        vocabulary = OwnVocabulary(template=template)
        vocabulary.pad_to_multiple_of = pad
        return vocabulary
    sources = {"anesthesia": Source(str(SAMPLE / "anesthesia.jsonl"), limit=60)}
    return ChineseVocabulary(sources=sources, size=1301, pad_to_multiple_of=pad, template=template)


@pytest.fixture(scope="session")
def make_base(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, Path, OwnVocabulary]]:
    """A small base as a run makes it, with its tokenizer: each kind once."""
    made: dict[Any, tuple[Path, Path, OwnVocabulary]] = {}

    def make(*, tied: bool, extended: bool = False, pad: int | None = None) -> tuple[Path, Path, OwnVocabulary]:
        kind = (tied, extended, pad)
        if kind not in made:
            folder = tmp_path_factory.mktemp("base")
            base, tokenizer, directory = (folder / name for name in ("base", "tokenizer", "directory"))
            shutil.copytree(SAMPLE / "base", base)
            config = json.loads((base / "config.json").read_text("utf-8"))
            small = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2}
            small |= {"num_key_value_heads": 2, "tie_word_embeddings": tied}
            (base / "config.json").write_text(json.dumps(config | small), "utf-8")
            tokenizer.mkdir()
            directory.mkdir()
            vocabulary = vocabulary_of(extended, pad)
            vocabulary.write_tokenizer(str(base), tokenizer)
            vocabulary.write_base(str(base), tokenizer, directory, dtype="float32", seed=0)
            describe_model(directory, {"key": KEY})
            made[kind] = directory, tokenizer, vocabulary
        return made[kind]

    return make


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


@pytest.mark.parametrize(
    ("dtype", "rounded", "difference", "said"),
    [
        (torch.float32, False, 5e-6, "nothing"),
        (torch.float32, False, 1e-4, "error"),
        (torch.float32, True, 1e-4, "error"),
        (torch.bfloat16, False, 1e-2, "nothing"),
        (torch.bfloat16, False, 1e-1, "error"),
        (torch.bfloat16, True, 1e-1, "warning"),
        (torch.bfloat16, True, 3e-1, "error"),
        (torch.bfloat16, True, float("nan"), "error"),
    ],
)
def test_rounding_is_told_from_another_model(caplog, dtype, rounded, difference, said):
    before = torch.tensor([[[1.0, -10.0]]])
    after = before + torch.tensor([0.0, 10 * difference])
    with pytest.raises(UserError, match="writing: logits differ") if said == "error" else nullcontext():
        check_same(before, after, what="writing", dtypes={torch.float32, dtype}, rounded=rounded)
    assert ("writing: logits differ" in caplog.text) == (said == "warning")


@pytest.mark.parametrize("quantised", [False, True])
def test_a_quantised_base_is_merged_onto_the_base_as_it_was(make_base, lora, tmp_path, monkeypatch, quantised):
    """Rounded weights stand in for four bits, which need a GPU: of them nothing may reach the merged model."""
    directory, tokenizer, _ = make_base(tied=False)

    def read_rounded(folder: Path, *, kind: str, dtype: torch.dtype, attention: str) -> Any:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention)
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


@pytest.fixture
def parent(make_base, tmp_path: Path) -> tuple[Path, Path]:
    directory, tokenizer, _ = make_base(tied=False, extended=True, pad=64)
    copies = tmp_path / "parent", tmp_path / "tokenizer"
    shutil.copytree(directory, copies[0])
    shutil.copytree(tokenizer, copies[1])
    check_parent(copies[0], key=KEY, tokenizer=copies[1])
    return copies


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, text
    file.write_text(text.replace(old, new), "utf-8")


def nudge(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][0] += 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def cut(folder: Path, name: str, rows: int) -> None:
    weights = load_file(folder / "model.safetensors")
    weights[name] = weights[name][:rows].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another key": (lambda p: edit(p / "stage.json", "a" * 64, "b" * 64), "b{16}, .* a{16}"),
    "no stage.json": (lambda p: (p / "stage.json").unlink(), r"no stage\.json"),
    "weights edited by hand": (nudge, r"model\.safetensors: changed .* [0-9a-f]{16} then, [0-9a-f]{16} now"),
    "weights added": (lambda p: shutil.copy(p / "model.safetensors", p / "x.safetensors"), "absent then"),
    "no weights": (lambda p: (p / "model.safetensors").unlink(), "no weights"),
    "embedding rows": (lambda p: cut(p, "model.embed_tokens.weight", 2800), "2800 rows.* 2816"),
    "head rows": (lambda p: cut(p, "lm_head.weight", 2810), "lm_head.* 2810 rows.* 2816"),
    "rows of the config": (
        lambda p: edit(p / "config.json", '"vocab_size": 2816', '"vocab_size": 2800'),
        "2801.* 2800",
    ),
    "the end's number": (lambda p: edit(p / "config.json", '"eos_token_id": 2', '"eos_token_id": 7'), "7 .* 2 "),
    "the padding's number": (lambda p: edit(p / "config.json", '"pad_token_id": 0', '"pad_token_id": 5'), "5 .* 0 "),
    "another special token": (
        lambda p: edit(p / "tokenizer_config.json", '"pad_token": "<unk>"', '"pad_token": "</s>"'),
        "pad_token",
    ),
    "another template": (
        lambda p: edit(p / "chat_template.jinja", "问", "请问"),
        "template is [0-9a-f]{16}, the run's [0-9a-f]{16}",
    ),
    "no template": (lambda p: (p / "chat_template.jinja").unlink(), "no chat template"),
    "another merge": (
        lambda p: edit(p / "tokenizer.json", '"fuse_unk": true', '"fuse_unk": false'),
        r"tokenizer\.json",
    ),
    "no config": (lambda p: (p / "config.json").unlink(), r"no config\.json"),
    "a setting of the config": (
        lambda p: edit(p / "config.json", '"rms_norm_eps": 1e-05', '"rms_norm_eps": 1e-06'),
        r"config\.json: changed .* [0-9a-f]{16} then, [0-9a-f]{16} now",
    ),
    **{
        f"{name} that is none": (lambda p, name=name: (p / name).write_text("{", "utf-8"), said)
        for name, said in {
            "config.json": r"config\.json: not JSON",
            "stage.json": r"stage\.json: not JSON",
            "tokenizer.json": "its tokenizer cannot be read",
            "model.safetensors": r"model\.safetensors: cannot be read",
        }.items()
    },
    "weights cut short": (lambda p: os.truncate(p / "model.safetensors", 9999), r"safetensors: cannot be read"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_parent_that_does_not_fit_is_refused_in_one_line(parent, fault):
    directory, tokenizer = parent
    spoil, named = FAULTS[fault]
    spoil(directory)
    with pytest.raises(UserError, match=named) as caught:
        check_parent(directory, key=KEY, tokenizer=tokenizer)
    assert "\n" not in str(caught.value)
    assert str(directory) in str(caught.value)


def test_a_parent_with_another_number_of_pieces_than_the_run_is_refused_with_both(parent, make_base):
    _, plain, _ = make_base(tied=False)
    with pytest.raises(UserError, match=r"2801 pieces, the run's 1500"):
        check_parent(parent[0], key=KEY, tokenizer=plain)


def test_an_adapter_that_does_not_fit_its_stage_is_refused(make_base, lora, tmp_path):
    directory, tokenizer, _ = make_base(tied=True)
    module = lora()
    module.load(directory)
    out = tmp_path / "out"
    out.mkdir()
    _export(module, out, directory, tokenizer, "float32")
    file = out / "adapter" / "adapter_model.safetensors"
    weights = load_file(file)
    (table,) = [name for name in weights if name.endswith("embed_tokens.weight")]
    save_file(weights | {table: weights[table][:1400].clone()}, file, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"adapter.* 1400 rows, the config says 1500"):
        check_directory(out)
    file.unlink()
    with pytest.raises(UserError, match=r"no adapter_model\.safetensors"):
        check_directory(out)


def test_an_adapter_without_its_base_is_refused_as_parent_and_as_base(make_base, lora, tmp_path):
    directory, tokenizer, _ = make_base(tied=False)
    module = lora()
    module.load(directory)
    module.save_adapter(tmp_path / "adapter")
    with pytest.raises(UserError, match=f"an adapter without its base \\({directory}\\)"):
        check_parent(tmp_path / "adapter", key=KEY, tokenizer=tokenizer)
    with pytest.raises(UserError, match=f"adapter without its base \\({directory}\\)"):
        OwnVocabulary().base_key(str(tmp_path / "adapter"))


def test_a_stage_edited_by_hand_stops_the_run_before_the_next(train_once, tmp_path):
    short = ["stages.general.trainer.max_steps=1", "stages.anesthesia.trainer.max_steps=1", "heldout={}"]
    rows = train_once(*short, artefacts=tmp_path)
    general, anesthesia = (Path(row["directory"]) for row in rows[2:])
    nudge(anesthesia)  # the last stage is looked at too, before it is reused
    with pytest.raises(UserError, match=r"anesthesia-.*model\.safetensors: changed since it was written"):
        train_once(*short, artefacts=tmp_path)
    shutil.rmtree(anesthesia)
    nudge(general)
    with pytest.raises(UserError, match=r"general-.*model\.safetensors: changed since it was written"):
        train_once(*short, artefacts=tmp_path)
    assert not list(tmp_path.glob("models/anesthesia-*"))


def test_the_directory_of_a_run_names_its_parents_and_weights(train_once):
    rows = train_once("experiment=general_only", "stages.general.trainer.max_steps=1")
    base, general = (json.loads((Path(row["directory"]) / "stage.json").read_text("utf-8")) for row in rows[1:])
    assert list(base["weights"]) == ["model.safetensors"]
    assert list(general["weights"]) == ["adapter/adapter_model.safetensors", "model.safetensors"]
    assert general["parents"].items() > base["parents"].items()
