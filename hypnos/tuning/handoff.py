"""What one stage gives the next must fit together; if it does not, both numbers are named."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from hypnos.corpus.errors import UserError

PROBE = 64
"""Tokens of the text on which two forms of one model are compared."""


def check_directory(directory: Path) -> None:
    """Compare a Hugging Face directory's tokenizer, config and weights without loading the weights.

    A vocabulary padded to a multiple may have more rows than the tokenizer has pieces, never fewer.

    Raises:
        UserError: they disagree, or a file is missing.
    """
    config_file = directory / "config.json"
    if not config_file.is_file():
        raise UserError(f"{directory}: no config.json; not a whole model directory")
    config = json.loads(config_file.read_text("utf-8"))
    tokenizer = PreTrainedTokenizerFast.from_pretrained(directory)
    pieces, rows = len(tokenizer), int(config["vocab_size"])
    if pieces > rows:
        raise UserError(f"{directory}: the tokenizer has {pieces} pieces, the config says {rows} rows")
    for name, found in _table_rows(directory).items():
        if found != rows:
            raise UserError(f"{directory}: {name} has {found} rows, the config says {rows}")
    if not tokenizer.chat_template:
        raise UserError(f"{directory}: the tokenizer has no chat template")
    for name in ("bos_token_id", "eos_token_id"):
        said, meant = config.get(name), getattr(tokenizer, name)
        if said != meant:
            raise UserError(f"{directory}: {name} is {said} in the config and {meant} in the tokenizer")


def _table_rows(directory: Path) -> dict[str, int]:
    rows = {}
    for file in sorted(directory.glob("*.safetensors")):
        with safe_open(file, framework="pt") as weights:
            for name in weights.keys():  # noqa: SIM118 - no dict, though it looks like one
                if name.endswith(("embed_tokens.weight", "lm_head.weight")):
                    rows[name] = int(weights.get_slice(name).get_shape()[0])
    return rows


@torch.inference_mode()
def probe_logits(model: PreTrainedModel, rows: int) -> Tensor:
    """Logits of a model on a fixed row of tokens spread over its vocabulary: `(1, PROBE, rows)`."""
    training = model.training
    model.eval()
    ids = torch.linspace(0, rows - 1, PROBE, device=model.device).long()[None]
    # Adapters are kept in float32 beside a base in half precision; training meets that under autocast too.
    half = next((p.dtype for p in model.parameters() if p.dtype in (torch.bfloat16, torch.float16)), None)
    with torch.autocast(model.device.type, dtype=half, enabled=half is not None):
        logits = model(input_ids=ids, use_cache=False).logits.float().cpu()
    model.train(training)
    return logits


def check_same(before: Tensor, after: Tensor, *, what: str, tolerance: float) -> None:
    """Compare two forms of one model by their logits.

    Raises:
        UserError: the largest difference is above the tolerance, relative to the largest logit if above 1.
    """
    difference = (before - after).abs().max().item() / max(before.abs().max().item(), 1.0)
    if not difference <= tolerance:
        raise UserError(f"{what}: logits differ by {difference:.2e}, more than {tolerance:.0e}")


def reload_logits(directory: Path, dtype: torch.dtype, rows: int) -> Tensor:
    """The probe's logits of a directory as anyone would load it."""
    return probe_logits(AutoModelForCausalLM.from_pretrained(directory, dtype=dtype), rows)
