"""A finished stage is a directory that needs no code of ours, and tells what made it."""

import json
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer


def test_the_directory_of_a_run_names_its_parents_and_weights(train_once):
    rows = train_once("experiment=general_only", "stages.general.trainer.max_steps=1")
    base, general = (json.loads((Path(row["directory"]) / "stage.json").read_text("utf-8")) for row in rows[1:])
    assert list(base["weights"]) == ["model.safetensors"]
    assert list(general["weights"]) == ["adapter/adapter_model.safetensors", "model.safetensors"]
    assert general["parents"].items() > base["parents"].items()


def test_an_exported_stage_needs_no_code_of_ours(directories, tmp_path):
    """Loaded by plain transformers in another process, it says the same tokens."""
    directory = directories["anesthesia"]
    assert {p.suffix for p in directory.iterdir() if "model" in p.name} == {".safetensors", ".model"}
    ours = AutoModelForCausalLM.from_pretrained(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    chat = [{"role": "user", "content": "丙泊酚的诱导剂量是多少？"}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    expected = ours.generate(**inputs, max_new_tokens=12, do_sample=False)[0].tolist()
    script = f"""
import json, sys
from transformers import AutoModelForCausalLM, AutoTokenizer
assert "hypnos" not in sys.modules
tokenizer = AutoTokenizer.from_pretrained({str(directory)!r})
model = AutoModelForCausalLM.from_pretrained({str(directory)!r})
chat = {chat!r}
inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
print(json.dumps(model.generate(**inputs, max_new_tokens=12, do_sample=False)[0].tolist()))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == expected


def test_stage_json_tells_what_made_the_stage(directories):
    general, anesthesia = (json.loads((directories[n] / "stage.json").read_text()) for n in ("general", "anesthesia"))
    assert anesthesia["parents"]["general"] == general["key"]
    assert anesthesia["steps"] == 2
    assert anesthesia["parameters"]["trained"] == anesthesia["parameters"]["all"]
    assert 0 < general["parameters"]["trained"] < general["parameters"]["all"]
    assert {"commit", "versions", "seed", "seconds", "metrics"} <= anesthesia.keys()
    weights = load_file(directories["anesthesia"] / "model.safetensors")
    assert sum(w.numel() for w in weights.values()) == anesthesia["parameters"]["all"]


def test_a_lora_stage_keeps_its_adapter_and_no_checkpoints(directories):
    general = directories["general"]
    assert (general / "adapter" / "adapter_config.json").is_file()
    assert not (general / "checkpoints").exists()
