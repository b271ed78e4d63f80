"""Writes a finished stage as a Hugging Face directory that anyone can load."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from hypnos.artefacts.keys import file_key
from hypnos.artefacts.model_folder import STAGE, copy_tokenizer, read_json
from hypnos.artefacts.older_readers import name_positions, reads_as_written
from hypnos.code_version import read_commit, read_versions


def export_model(model: PreTrainedModel, tokenizer: Path, directory: Path, *, dtype: str) -> None:
    """Write weights as safetensors, with config, generation settings and the tokenizer with its template."""
    for parameter in model.parameters():  # not buffers: frequencies of positions stay as precise as when it is read
        parameter.data = parameter.data.to(getattr(torch, dtype))
    model.config.use_cache = True
    model.generation_config.max_new_tokens = 512
    model.save_pretrained(directory)
    name_positions(directory)
    copy_tokenizer(tokenizer, directory)


def describe_stage(directory: Path, facts: Mapping[str, Any]) -> None:
    """Write `stage.json` and the model card."""
    record = describe_model(directory, facts)
    (directory / "README.md").write_text(_card(record, as_written=reads_as_written(directory)), "utf-8")


def describe_model(directory: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write `stage.json`: what made the model, with which versions, and the hash of every file of weights."""
    record = {
        **facts,
        "weights": weight_keys(directory),
        "config": file_key(directory / "config.json"),
        "commit": read_commit(),
        "versions": read_versions(),
    }
    (directory / STAGE).write_text(json.dumps(record, ensure_ascii=False, indent=1), "utf-8")
    return record


def read_stage(directory: Path) -> dict[str, Any]:
    """Read what `describe_model` wrote.

    Raises:
        UserError: it is not there, or was edited into something else.
    """
    return read_json(directory / STAGE)


def weight_keys(directory: Path) -> dict[str, str]:
    """Hash of every file of weights, an adapter's included, by its name within the directory."""
    return {str(file.relative_to(directory)): file_key(file) for file in sorted(directory.rglob("*.safetensors"))}


def _left_out(sources: Mapping[str, Mapping[str, int]]) -> str:
    """What of the sources' records was not learnt; nothing where all was."""
    lines = [f"- {name}: {what}: {count:,}\n" for name, counts in sources.items() for what, count in counts.items()]
    return f"\nLeft out of the records that were read:\n\n{''.join(lines)}" if lines else ""


TOKENIZER_NOTE = """
`AutoTokenizer` reads this tokenizer otherwise than it was trained with, since for this type of model it makes the rules
that cut a text anew: use `PreTrainedTokenizerFast`, which reads `tokenizer.json` as it is written. Servers that take
`AutoTokenizer` give other tokens.
"""


def _card(record: Mapping[str, Any], *, as_written: bool) -> str:
    tokenizer = "AutoTokenizer" if as_written else "PreTrainedTokenizerFast"
    metrics = "\n".join(f"| {name} | {value:.4f} |" for name, value in record["metrics"].items())
    parents = "\n".join(f"- {name}: `{key}`" for name, key in record["parents"].items())
    return f"""---
language: zh
library_name: transformers
pipeline_tag: text-generation
tags: [medical, chinese, hypnos]
---
# {record["name"]}

A stage of Hypnos (after Wang et al., arXiv 2403.02742), trained from `{record["base"]}`.

**Research only. Not a medical device, not for clinical use, not reviewed by a physician.** It can state
wrong doses and wrong facts with confidence. The licences of the base and of the training data apply.

Parameters: {record["parameters"]["all"]:,}, of which {record["parameters"]["trained"]:,} were trained in this stage.
Seed {record["seed"]}, {record["steps"]} steps, {record["seconds"]:.0f} s.

| held out | value |
|---|---|
{metrics}

Made from:

{parents}
{_left_out(record.get("left_out") or {})}
Read by transformers 5, and by 4.57 with the same tokens, positions and template.
{"" if as_written else TOKENIZER_NOTE}
```python
from transformers import AutoModelForCausalLM, {tokenizer}
tokenizer = {tokenizer}.from_pretrained("<this directory>")
model = AutoModelForCausalLM.from_pretrained("<this directory>")
chat = [{{"role": "user", "content": "什么是恶性高热？"}}]
inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
print(tokenizer.decode(model.generate(**inputs)[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))
```
"""
