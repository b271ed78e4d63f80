"""What every trainer is given, and what is measured of it; free of this project's code, so that peers can import it."""

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

PAIRS = 800
ROWS = 49_000
LENGTH = 1024
BATCH = 8
LR = 1e-4
LORA: dict[str, Any] = {"r": 8, "lora_alpha": 32, "lora_dropout": 0.0}
LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def make_pairs(count: int = PAIRS, *, rows: int = ROWS, longest: int = LENGTH) -> list[dict[str, list[int]]]:
    """Random pieces in documents of lognormal lengths, median 120; two thirds are the answer."""
    random = np.random.default_rng(0)
    lengths = random.lognormal(np.log(120), 0.8, count).clip(8, longest).astype(int)
    pairs = []
    for length in lengths:
        ids = random.integers(3, rows, length).tolist()
        asked = length // 3
        pairs.append({"input_ids": ids, "labels": [-100] * asked + ids[asked:]})
    return pairs


def make_model() -> LlamaForCausalLM:
    """Hidden 256, 4 layers, 49,000 rows."""
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=ROWS,
            hidden_size=256,
            intermediate_size=688,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=LENGTH,
        )
    )


def measure(train: Callable[[], Any], tokens: int) -> None:
    """Print tokens that are no padding per CPU-second, and how far the process grew while training, in MiB."""
    before = _resident()
    start = time.process_time()
    train()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"tokens_per_second": tokens / seconds, "seconds": seconds, "grown": peak - before}))


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() / 2**20
