"""What both trainers are given, and what is measured of them; free of this project's code."""

import json
import time
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from bench.peers.work import LAYERS, LORA, make_pairs

ROWS = 50_000
"""Of Llama-2's table with 18,000 new pieces."""

LENGTH = 4096
PAIRS = 640
ROWS_PER_STEP = 4
WARM = 2
"""Optimizer steps before the clock starts."""

PAIRS_PER_STEP = 96
"""As many tokens as four rows of 4,096 hold."""

ADAPTERS: dict[str, Any] = {"task_type": "CAUSAL_LM", "target_modules": LAYERS, **LORA}
WHOLE = ["embed_tokens", "lm_head"]
"""Trained beside the adapters, as new pieces need it."""


def config() -> LlamaConfig:
    """Llama-2-7B's shape."""
    return LlamaConfig(
        vocab_size=ROWS,
        hidden_size=4096,
        intermediate_size=11008,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=32,
        max_position_embeddings=LENGTH,
    )


def pairs() -> list[dict[str, list[int]]]:
    """As in the comparison on a CPU, median 120 tokens, but the longest may have 2,048."""
    return make_pairs(PAIRS, rows=ROWS, longest=2048)


def make_model(dtype: torch.dtype, attention: str) -> LlamaForCausalLM:
    """Made where it is trained."""
    torch.manual_seed(0)
    with torch.device("cuda"):
        return LlamaForCausalLM._from_config(config(), dtype=dtype, attn_implementation=attention)


class Clock:
    """Tokens and seconds between the end of the warm steps and the end of the last."""

    def __init__(self) -> None:
        self.tokens = 0
        self.begin = self.end = (0.0, 0)

    def start(self) -> None:
        """Told after the last warm step."""
        self.begin = self._now()
        torch.cuda.reset_peak_memory_stats()

    def stop(self) -> None:
        """Told when training ends, before anything is put away."""
        self.end = self._now()

    def _now(self) -> tuple[float, int]:
        torch.cuda.synchronize()
        return time.perf_counter(), self.tokens

    def report(self, **more: float) -> None:
        """Print what was found as one line of JSON."""
        seconds, tokens = self.end[0] - self.begin[0], self.end[1] - self.begin[1]
        memory = {"peak": torch.cuda.max_memory_allocated(), "reserved": torch.cuda.max_memory_reserved()}
        print(json.dumps({"tokens_per_second": tokens / seconds, "seconds": seconds, **memory, **more}))
