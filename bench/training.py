"""Promises about training: packed documents, the loss, and what the embedded sample learns."""

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import yaml
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from bench.promise import ROOT, SHARED, Promise
from hypnos.corpus.sources import Source
from hypnos.data.datamodule import InstructionData
from hypnos.data.pack import Packing
from hypnos.data.rows import PackedRows, column
from hypnos.tuning.compute.attention import choose_attention
from hypnos.tuning.compute.loss import negative_log_likelihood
from hypnos.vocabulary.base_vocabulary import OwnVocabulary

DOCUMENTS = 24


def real_model() -> list[Promise]:
    """A packed row against its documents alone, and the loss against the model's own, on a real Llama."""
    base = SHARED / "models" / "stories15M"
    if not base.is_dir():
        return [Promise("stories15M: ../shared/data is not here", None, 0)]
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Path(folder) / "tokenizer"
        tokenizer.mkdir()
        OwnVocabulary(template=template).write_tokenizer(str(base), tokenizer)
        source = Source(str(SHARED / "qa" / "anesthesia_qa_dev.jsonl"), limit=DOCUMENTS)
        data = InstructionData(sources={"real": source}, cache=folder, max_length=256, row_length=4096, rows_per_step=1)
        data = data.with_tokenizer(tokenizer)
        data.prepare_data()
        documents = cast(PackedRows, data.train_dataloader().dataset).documents
        promises = [_own_loss(model, documents)]
        # In float64, where rounding is far away, a leak of any size would show.
        for precision, bound in ((torch.float32, 1e-5), (torch.float64, 1e-9)):
            model = model.to(precision)
            promises += [_packing(model, documents, name, bound) for name in ("sdpa", "eager")]
    return promises


@torch.inference_mode()
def _packing(model: Any, documents: Any, attention: str, bound: float) -> Promise:
    row = PackedRows(documents, Packing(np.arange(12), np.array([0, 12])))[0, 1]
    model.set_attn_implementation(choose_attention(attention))
    packed = model(input_ids=row["input_ids"], position_ids=row["position_ids"], use_cache=False).logits[0]
    model.set_attn_implementation(attention)
    worst, start = 0.0, 0
    for length in column(documents, "length")[:12]:
        alone = model(input_ids=row["input_ids"][:, start : start + length]).logits[0]
        worst = max(worst, (packed[start : start + length] - alone).abs().max().item())
        start += length
    what = f"stories15M: packed against alone, largest logit difference ({attention}, {model.dtype})"
    return Promise(what, worst, bound)


@torch.inference_mode()
def _own_loss(model: Any, documents: Any) -> Promise:
    rows = PackedRows(documents, Packing(np.arange(len(documents)), np.arange(len(documents) + 1)))
    plain = documents.with_format(None)
    worst = 0.0
    for i in range(len(documents)):
        ids = torch.tensor([plain[i]["input_ids"]])
        labels = torch.where(torch.tensor([plain[i]["learnt"]]), ids, -100)
        model.set_attn_implementation("sdpa")
        expected = model(input_ids=ids, labels=labels).loss.item()
        model.set_attn_implementation(choose_attention("sdpa"))
        ours = negative_log_likelihood(model, rows[i, 1]).item() / sum(plain[i]["learnt"])
        worst = max(worst, abs(ours - expected))
    return Promise(f"stories15M: loss against the model's own, {len(documents)} samples one by one", worst, 1e-5)


def sample() -> list[Promise]:
    """The whole of train.py on the embedded sample, into an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "train.py"), f"paths.artefacts={folder}/a", f"paths.outputs={folder}/o"]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        seconds = time.perf_counter() - start
        (found,) = Path(folder).glob("o/*/*/results.json")
        rows = json.loads(found.read_text("utf-8"))
        promises = [Promise("embedded sample: train.py, seconds", seconds, 300.0)]
        for before, after in pairwise(rows[1:]):
            was, became = (row["measures"]["anesthesia"]["loss"] for row in (before, after))
            what = f"embedded sample: held-out anesthesia loss after {after['name']} (bound: after {before['name']})"
            promises.append(Promise(what, became, was - 0.05))
        promises.append(_plain_transformers(Path(rows[-1]["directory"])))
    return promises


def _plain_transformers(directory: Path) -> Promise:
    """Greedy tokens of the exported directory, in a process without this project, against ours."""
    script = """
import json, sys
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
chat = [{"role": "user", "content": "丙泊酚的诱导剂量是多少？"}]
inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
print(json.dumps(model.generate(**inputs, max_new_tokens=32, do_sample=False)[0].tolist()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(directory.resolve())], cwd="/", check=True, capture_output=True, text=True
    )
    theirs = json.loads(done.stdout.splitlines()[-1])
    tokenizer = PreTrainedTokenizerFast.from_pretrained(directory)
    model = AutoModelForCausalLM.from_pretrained(directory, attn_implementation=choose_attention("sdpa"))
    chat = [{"role": "user", "content": "丙泊酚的诱导剂量是多少？"}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    ours = model.generate(**inputs, max_new_tokens=32, do_sample=False)[0].tolist()
    differing = sum(a != b for a, b in zip(ours, theirs, strict=False)) + abs(len(ours) - len(theirs))
    return Promise("embedded sample: tokens that differ in plain transformers", differing, 0)
