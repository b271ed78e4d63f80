"""Training speed of a base of one's own on real data: `python -m bench.base_speed <folder>`, one thread.

Tokens per CPU-second of each stage's kind of tuning, and the share of what a large matrix product reaches here. The
products of layers and head are counted, attention's own are not.
"""

import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from bench.peers.__main__ import product_rate
from bench.promise import ROOT, SHARED
from hypnos.corpus.sources import Source
from hypnos.data.datamodule import InstructionData
from hypnos.tuning.compute.allocator import keep_freed_blocks
from hypnos.tuning.compute.loss import Batch, negative_log_likelihood
from hypnos.tuning.full import FullTuning
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.module import Tuning
from hypnos.tuning.schedule import cosine
from hypnos.vocabulary.base_vocabulary import OwnVocabulary

WARM, MEASURED = 2, 6
"""Rows of 1,024 tokens."""

SHARED_SETTINGS: dict[str, Any] = {"lr": 1e-4, "optimizer": torch.optim.AdamW, "schedule": partial(cosine, warmup=0.0)}


def main(base: Path) -> None:
    """Print a line for each kind and precision."""
    torch.set_num_threads(1)
    keep_freed_blocks()
    rows = read_rows(base)
    for precision in ("fp32", "bf16"):
        rate = product_rate(precision)
        for kind in ("lora", "full"):
            module: Tuning = FullTuning(**SHARED_SETTINGS)
            if kind == "lora":
                module = LoraTuning(r=64, lora_alpha=32, target_modules="all-linear", **SHARED_SETTINGS)
            module.load(base)
            tokens, learnt, seconds = train(module, rows, half=precision == "bf16")
            done = work(module, tokens=tokens, learnt=learnt) / seconds
            print(
                f"{kind}, {precision}: {tokens / seconds:,.0f} tokens per CPU-second, {done / 1e9:,.0f} GFLOP/s,"
                f" {100 * done / rate:.0f} % of the product's {rate / 1e9:,.0f}",
                flush=True,
            )


def read_rows(base: Path) -> list[Batch]:
    """Packed rows of general pairs in the base's own tokens."""
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Path(folder) / "tokenizer"
        tokenizer.mkdir()
        OwnVocabulary(template=template).write_tokenizer(str(base), tokenizer)
        source = Source(str(SHARED / "qa" / "general_medical_qa.jsonl"), limit=100)
        data = InstructionData(sources={"g": source}, cache=folder, max_length=1024, row_length=1024, rows_per_step=1)
        data = data.with_tokenizer(tokenizer)
        data.prepare_data()
        return [row for row, _ in zip(data.train_dataloader(), range(WARM + MEASURED), strict=False)]


def train(module: Tuning, rows: list[Batch], *, half: bool) -> tuple[int, int, float]:
    """Tokens, those of them with logits, and CPU-seconds of the rows behind the warm ones."""
    trained = [parameter for parameter in module.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, fused=True)
    start = 0.0
    for number, row in enumerate(rows):
        if number == WARM:
            start = time.process_time()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            loss = negative_log_likelihood(module.model, row)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    seconds = time.process_time() - start
    measured = rows[WARM:]
    return sum(r["input_ids"].numel() for r in measured), sum(len(r["labels"]) for r in measured), seconds


def work(module: Tuning, *, tokens: int, learnt: int) -> float:
    """FLOP: twice a weight forward, and backward as much for inputs and, where it is trained, for itself."""
    head = module.model.get_output_embeddings()
    linear = [m for m in module.model.modules() if type(m) is nn.Linear and m is not head]
    flops = sum((6 if m.weight.requires_grad else 4) * m.weight.numel() for m in linear) * tokens
    table = module.model.get_input_embeddings().weight
    return flops + 6 * learnt * table.numel()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
