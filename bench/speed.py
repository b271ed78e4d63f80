"""Timings of what costs time: `make bench`."""

import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from bench.data import read_pairs, write_pairs
from hypnos.artefacts.model_folder import copy_tokenizer
from hypnos.data.pack import pack
from hypnos.tuning.compute.loss import negative_log_likelihood
from hypnos.tuning.full import FullTuning
from hypnos.tuning.schedule import cosine

PAIRS = 1_000


def main() -> None:
    """Print one line a timing."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for line in (*packing(), *training(Path(folder))):
            print(line, flush=True)


def packing() -> Iterator[str]:
    """Lognormal lengths, median 120, at most 1,024."""
    lengths = np.random.default_rng(0).lognormal(np.log(120), 0.8, 1_000_000).clip(8, 1024).astype(int)
    for method in ("best_fit", "first_fit"):
        start = time.perf_counter()
        rows = pack(lengths, 2048, method=method)
        seconds = time.perf_counter() - start
        filled = lengths.sum() / (len(rows) * 2048)
        yield f"pack 1,000,000 documents, {method}: {seconds:.1f} s, rows {100 * filled:.2f} % filled"


def training(folder: Path) -> Iterator[str]:
    """Hidden 256, 4 layers, 32,000 rows, packed 1,024, one thread, full tuning in float32."""
    config = LlamaConfig(
        vocab_size=32_000,
        hidden_size=256,
        intermediate_size=688,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
    )
    directory = folder / "model"
    LlamaForCausalLM(config).save_pretrained(directory)
    data = read_pairs(write_pairs(folder / "pairs.jsonl", PAIRS), folder)
    copy_tokenizer(folder / "tokenizer", directory)
    data.prepare_data()
    rows = [row for row, _ in zip(data.train_dataloader(), range(12), strict=False)]
    for attention in ("sdpa", "eager"):
        module = FullTuning(
            lr=1e-4, optimizer=torch.optim.AdamW, schedule=partial(cosine, warmup=0.0), attention=attention
        )
        module.load(directory)
        optimizer = torch.optim.AdamW(module.model.parameters(), lr=1e-4, fused=True)
        start, tokens = 0.0, 0
        for i, row in enumerate(rows):
            if i == 2:  # warm
                start, tokens = time.process_time(), 0
            negative_log_likelihood(module.model, row).backward()
            optimizer.step()
            optimizer.zero_grad()
            tokens += row["input_ids"].numel()
        yield f"train, attention={attention}: {tokens / (time.process_time() - start):,.0f} tokens per CPU-second"


if __name__ == "__main__":
    main()
