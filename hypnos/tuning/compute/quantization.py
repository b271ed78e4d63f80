"""Reads a frozen base in four bits, for cards of 24 GB: extra `qlora` (QLoRA, Dettmers et al., arXiv 2305.14314)."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from hypnos.errors import UserError

KINDS = ("nf4",)

BITS = 4.127
"""Of a weight: 4, and its share of the blocks' constants, which are quantised too (paper, section 3)."""


def check_machine(kind: str) -> None:
    """Look for a GPU and for bitsandbytes.

    Raises:
        UserError: one of them is not here.
    """
    if not torch.cuda.is_available():
        raise UserError(f"tuning.quantization {kind}: needs a CUDA GPU, and there is none here; use tuning=lora")
    if find_spec("bitsandbytes") is None:
        raise UserError(f"tuning.quantization {kind}: needs bitsandbytes: pip install -e '.[qlora]'")


def read_quantized(directory: Path, *, kind: str, dtype: torch.dtype) -> Any:
    """Read a model onto this process's GPU, its linear layers but for the head in four bits.

    Args:
        directory: of weights that are not quantised.
        kind: see `KINDS`.
        dtype: of all other weights, and of the matrix products.
    """
    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=kind,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return AutoModelForCausalLM.from_pretrained(
        directory,
        dtype=dtype,
        quantization_config=settings,
        device_map={"": _own_gpu()},
    )


def _own_gpu() -> int:
    """Number of this rank's GPU, as its launcher says; srun has another name for it."""
    return int(os.environ.get("LOCAL_RANK") or os.environ.get("SLURM_LOCALID") or 0)
