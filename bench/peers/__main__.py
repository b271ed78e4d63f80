"""Train the same model on the same pairs with this project, Trainer and TRL, in turn: part of `make bench`.

python -m bench.peers                    every kind and precision, 5 rounds: hours on one thread
python -m bench.peers 1 full-fp32        one round of one kind
"""

import json
import os
import statistics
import subprocess
import sys

import torch

from bench.environment import interpreter
from bench.promise import ROOT

PINS = ["torch==2.13.0", "transformers==5.23.0", "peft==0.21.2", "trl==1.16.0"]
TRAINERS = {"hypnos": "ours", "Trainer": "trainer", "SFTTrainer": "sft"}
KINDS = ["full-fp32", "full-bf16", "lora-fp32", "lora-bf16"]


def run(script: str, kind: str) -> dict[str, float]:
    """One training in a process of its own, on one thread."""
    python = sys.executable if script == "ours" else str(interpreter("trainers", PINS))
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    command = [python, "-m", f"bench.peers.{script}", *kind.split("-")]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{script} {kind}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def product_rate(precision: str) -> float:
    """FLOP a second of a large matrix product on one thread, the ceiling of all of them."""
    import time

    torch.set_num_threads(1)
    square = torch.randn(2048, 2048, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    times = []
    for _ in range(8):
        start = time.process_time()
        square @ square
        times.append(time.process_time() - start)
    return 2 * 2048**3 / min(times)


def main(rounds: int, kinds: list[str]) -> None:
    """Print each round as it ends, then for each peer the ratios to it: minimum and median over the rounds."""
    for kind in kinds:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in TRAINERS}
        for number in range(rounds):
            for name, script in TRAINERS.items():
                got = run(script, kind)
                found[name].append(got)
                print(
                    f"{kind}, round {number + 1}: {name} {got['tokens_per_second']:,.0f} tokens per CPU-second,"
                    f" grown by {got['grown']:,.0f} MiB",
                    flush=True,
                )
        for name in list(TRAINERS)[1:]:
            pairs = list(zip(found["hypnos"], found[name], strict=True))
            speed = [ours["tokens_per_second"] / theirs["tokens_per_second"] for ours, theirs in pairs]
            memory = [ours["grown"] / theirs["grown"] for ours, theirs in pairs]
            print(
                f"{kind}: {min(speed):.2f} to median {statistics.median(speed):.2f} times the tokens of {name},"
                f" {max(memory):.2f} (median {statistics.median(memory):.2f}) of its memory",
                flush=True,
            )
        rate = statistics.median(got["tokens_per_second"] for got in found["hypnos"]) * work(kind)
        print(f"{kind}: {100 * rate / product_rate(kind.partition('-')[2]):.0f} % of the matrix product's rate")


def work(kind: str) -> float:
    """FLOP a token asks for: twice a weight forward; backward as much for inputs and, if trained, for weights."""
    layers, head = 4 * (4 * 256**2 + 3 * 256 * 688), 49_000 * 256 * 2 / 3  # two thirds of the tokens have logits
    return (6 if kind.startswith("full") else 4) * (layers + head)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2:] or KINDS)
