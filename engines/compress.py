"""Writes a model's weights in FP8, or in four bits by AWQ; runs in the environment that `make compressor` makes.

python engines/compress.py <model> <folder> fp8
python engines/compress.py <model> <folder> awq <documents>     lines of JSON, each the token ids of one document

The folder has weights and config, and no tokenizer.
"""

import json
import sys
from pathlib import Path

GROUPS = (128, 64, 32)
"""Weights of a row that share a scale under AWQ, as engines know them; the most that divides each layer's width."""


def main(model: str, folder: str, kind: str, documents: str | None = None) -> None:
    """Compress one model. Ends with one line and status 1 where its layers do not divide into groups."""
    from datasets import Dataset
    from llmcompressor import oneshot
    from transformers import AutoModelForCausalLM

    weights = AutoModelForCausalLM.from_pretrained(model, dtype="auto", trust_remote_code=False)
    if kind == "fp8":
        oneshot(model=weights, recipe=fp8())
    else:
        rows = [json.loads(line) for line in Path(str(documents)).read_text("utf-8").splitlines()]
        oneshot(
            model=weights,
            dataset=Dataset.from_dict({"input_ids": rows, "attention_mask": [[1] * len(row) for row in rows]}),
            recipe=awq(weights),
            max_seq_length=max(map(len, rows)),
            num_calibration_samples=len(rows),
        )
    weights.save_pretrained(folder, save_compressed=True)


def fp8() -> object:
    """Eight bits of floating point a weight, a scale a row; activations likewise, with scales of the moment."""
    from llmcompressor.modifiers.quantization import QuantizationModifier

    return QuantizationModifier(targets="Linear", scheme="FP8_DYNAMIC", ignore=["lm_head"])


def awq(weights: object) -> list[object]:
    """Four bits a weight after activation-aware scaling (AWQ: Lin et al., arXiv 2306.00978); activations stay."""
    import torch
    from llmcompressor.modifiers.quantization import QuantizationModifier
    from llmcompressor.modifiers.transform.awq import AWQModifier

    if not torch.accelerator.is_available():
        sys.exit("needs a GPU (llm-compressor 0.14 looks for one)")
    args = {"num_bits": 4, "type": "int", "symmetric": False, "strategy": "group", "group_size": group_size(weights)}
    groups = {"all": {"targets": ["Linear"], "weights": args}}
    return [AWQModifier(), QuantizationModifier(config_groups=groups, ignore=["lm_head"])]


def group_size(weights: object) -> int:
    """The largest of `GROUPS` that divides the width of every layer that is compressed."""
    from torch.nn import Linear

    layers = weights.named_modules()  # type: ignore[attr-defined]
    widths = {layer.in_features for name, layer in layers if isinstance(layer, Linear) and name != "lm_head"}
    fitting = [size for size in GROUPS if not any(width % size for width in widths)]
    if not fitting:
        told = ", ".join(map(str, sorted(widths)))
        sys.exit(f"layers are {told} wide, and none of {', '.join(map(str, GROUPS))} divides all of these")
    return fitting[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
