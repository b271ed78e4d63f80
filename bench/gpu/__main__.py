"""Train a 7B Llama with random weights on one GPU, rows of 4,096 tokens, beside Trainer: a few minutes.

python -m bench.gpu                                          every kind
python -m bench.gpu lora-recomputed full-kept                some of them
python -m bench.gpu --trainers hypnos qlora-recomputed       four bits, which need the extra qlora; Trainer has no share
"""

import argparse
import json
import os
import subprocess
import sys

import torch

from bench.promise import ROOT

TRAINERS = {"hypnos": "ours", "Trainer": "trainer"}
KINDS = ["lora-recomputed", "lora-kept", "full-recomputed", "full-kept", "full32-recomputed"]
EDGE = 8192
"""Of the square matrices whose product says what the card can do."""


def product_rate() -> float:
    """FLOP a second of a large matrix product in bfloat16: the median of twenty, timed on the card."""
    left, right = (torch.randn(EDGE, EDGE, dtype=torch.bfloat16, device="cuda") for _ in range(2))
    times = []
    for _ in range(25):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        torch.mm(left, right)
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1000)
    return 2 * EDGE**3 / sorted(times[5:])[10]


def run(name: str, kind: str) -> dict[str, float] | str:
    """One training in a process of its own; what it said last where it failed."""
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    settings |= {"HF_HUB_OFFLINE": "1", "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}
    command = [sys.executable, "-m", f"bench.gpu.{TRAINERS[name]}", *kind.split("-")]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main(names: list[str], kinds: list[str]) -> None:
    """Print a line for each training as it ends."""
    rate = product_rate()
    print(
        f"{torch.cuda.get_device_name()}: {rate / 1e12:.0f} TFLOP/s in a product of {EDGE} x {EDGE} in bf16", flush=True
    )
    for kind in kinds:
        flops = 0.0
        for name in names:
            found = run(name, kind)
            if isinstance(found, str):
                print(f"{kind}: {name}: {found}", flush=True)
                continue
            flops = found.get("flops", flops)  # those the model needs, also where another trainer does more
            memory = f"{found['peak'] / 2**30:.1f} GiB at most, {found['reserved'] / 2**30:.1f} reserved"
            used = f"{100 * found['tokens_per_second'] * flops / rate:.0f} % of the rate"
            if "done" in found:
                done = 100 * found["tokens_per_second"] * found["done"] / rate
                used += f" ({done:.0f} % with what is recomputed)"
                memory += f", {found['estimate'] / 2**30:.1f} estimated"
            print(f"{kind}: {name}: {found['tokens_per_second']:,.0f} tokens/s, {used}; {memory}", flush=True)


if __name__ == "__main__":
    told = argparse.ArgumentParser(prog="python -m bench.gpu")
    told.add_argument("kinds", nargs="*", metavar="kind", help=f"of {', '.join(KINDS)}; all where none is named")
    told.add_argument("--trainers", default=",".join(TRAINERS))
    asked = told.parse_args()
    if not torch.cuda.is_available():
        told.error("there is no CUDA GPU here")
    main(asked.trainers.split(","), asked.kinds or KINDS)
