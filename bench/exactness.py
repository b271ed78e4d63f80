"""Promises about stages one can trust: killed and started again, shared among processes, handed over."""

import csv
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from bench.promise import ROOT, Promise

KILLS = 6
SECONDS = (4.0, 14.0)
"""After which a run is killed: in imports, the vocabulary, a step, a checkpoint, an export, wherever that finds it."""

SMALL = [
    *("sources.general.limit=160", "sources.anesthesia.limit=160", "model.recipe.pieces=2000"),
    *("logger=csv", "accelerator=cpu", "answers.prompts=[]"),
]
STAGES = ("general", "anesthesia")
EVERY_STEP = [f"stages.{stage}.callbacks.checkpoint.every_n_train_steps=1" for stage in STAGES]

# Plain descent: Adam divides small gradients by themselves, and so makes rounding errors large.
OPTIMIZER = "stages.anesthesia.tuning.optimizer"
DESCENT = [
    *(f"{OPTIMIZER}._target_=torch.optim.SGD", f"~{OPTIMIZER}.betas", f"~{OPTIMIZER}.eps"),
    *("stages.anesthesia.tuning.lr=0.5", "stages.anesthesia.data.rows_per_step=3", "experiment=specific_only"),
]


def kills() -> list[Promise]:
    """Both stages, LoRA with dropout and all weights, killed with SIGKILL at random moments, beside an unbroken run."""
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        whole, broken = Path(name) / "whole", Path(name) / "broken"
        _start(whole, EVERY_STEP).wait()
        killed = 0
        for _ in range(KILLS):
            run = _start(broken, EVERY_STEP)
            try:
                run.wait(chance.uniform(*SECONDS))
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()
                killed += 1
            time.sleep(0.1)
        status = _start(broken, EVERY_STEP).wait()
        losses = [{stage: _losses(folder, stage) for stage in STAGES} for folder in (whole, broken)]
        weights = [{stage: load_file(_model(folder, stage)) for stage in STAGES} for folder in (whole, broken)]
    steps = sum(len(losses[0][stage]) for stage in STAGES)
    unlike = sum(losses[1][stage].get(step) != value for stage in STAGES for step, value in losses[0][stage].items())
    return [
        Promise("a run killed and started again: its exit status in the end", status, 0),
        Promise(f"killed {killed} times: losses of {steps} steps that differ from an unbroken run's", unlike, 0),
        Promise("the same: largest difference of a weight", max(map(_gap, *(w.values() for w in weights))), 0),
    ]


def ranks() -> list[Promise]:
    """Two processes (gloo) beside one, the last step of an epoch uneven."""
    with tempfile.TemporaryDirectory() as name:
        one, two = Path(name) / "one", Path(name) / "two"
        status = [_start(one, DESCENT).wait(), _start(two, [*DESCENT, "devices=2", "strategy=ddp"]).wait()]
        losses = [_losses(folder, "anesthesia") for folder in (one, two)]
        weights = [load_file(_model(folder, "anesthesia")) for folder in (one, two)]
    apart = max(abs(losses[1][step] - value) for step, value in losses[0].items())
    return [
        Promise("two processes: their exit status", max(status), 0),
        Promise(f"two processes: largest difference of a step's loss from one's, {len(losses[0])} steps", apart, 1e-5),
        Promise("two processes: largest difference of a weight from one's", _gap(*weights), 1e-5),
    ]


def hand_off() -> list[Promise]:
    """The adapter on its base beside the merged model that was written, as plain peft and transformers read them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _start(folder, ["experiment=general_only"]).wait()
        merged = _model(folder, "general").parent
        (base,) = folder.glob("artefacts/models/base-*")
        tokenizer = AutoTokenizer.from_pretrained(merged)
        asked = [_render(tokenizer, text) for text in ("什么是恶性高热？", "全身麻醉前为什么要禁食？")]
        adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), str(merged / "adapter")).eval()
        plain = AutoModelForCausalLM.from_pretrained(merged).eval()
        with torch.inference_mode():
            apart = max(float((adapted(ids).logits - plain(ids).logits).abs().max()) for ids in asked)
            said = [[m.generate(ids, max_new_tokens=48, do_sample=False) for ids in asked] for m in (adapted, plain)]
    unlike = sum(not torch.equal(a, b) for a, b in zip(*said, strict=True))
    return [
        Promise("merged and written, beside the adapter on its base: largest difference of a logit", apart, 1e-5),
        Promise("the same: greedy answers that differ", unlike, 0),
    ]


def _start(folder: Path, overrides: list[str]) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(ROOT / "train.py"), *SMALL, *overrides]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet, start_new_session=True)


def _model(folder: Path, stage: str) -> Path:
    (file,) = folder.glob(f"artefacts/models/{stage}-*/model.safetensors")
    return file


def _losses(folder: Path, stage: str) -> dict[int, float]:
    """By step, over all starts, those of one folder too; infinite where two starts had different ones."""
    found: dict[int, float] = {}
    for file in sorted(folder.glob(f"outputs/**/{stage}/metrics*.csv")):
        with file.open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                if row.get("train/loss"):
                    step, loss = int(row["step"]), float(row["train/loss"])
                    found[step] = loss if found.get(step, loss) == loss else math.inf
    return found


def _gap(some: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> float:
    return max(float((weight - others[name]).abs().max()) for name, weight in some.items())


def _render(tokenizer: object, text: str) -> Tensor:
    messages = [{"role": "user", "content": text}]
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt")["input_ids"]  # type: ignore[attr-defined]
