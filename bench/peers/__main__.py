"""Train the same model on the same pairs with this project, Trainer and TRL, in turn: part of `make bench`.

python -m bench.peers                               every kind, 5 rounds: hours on one thread; started again, it goes on
python -m bench.peers --rounds 1 full-fp32          one round of one kind
python -m bench.peers --trainers hypnos,Trainer     without TRL, the slowest
"""

import argparse
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


def measured(kind: str, name: str, number: int) -> dict[str, float]:
    """What a training took in a round, from `.bench/peers` if it has run there before."""
    file = ROOT / ".bench" / "peers" / f"{kind}-{name}-{number}.json"
    if not file.is_file():
        got = run(TRAINERS[name], kind)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(got), "utf-8")
    return dict(json.loads(file.read_text("utf-8")))


def main(rounds: int, names: list[str], kinds: list[str]) -> None:
    """Print each training as it ends, round by round, then for each kind how this project compares."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number in range(1, rounds + 1):
        for kind in kinds:
            for name in names:
                got = measured(kind, name, number)
                found.setdefault((kind, name), []).append(got)
                print(
                    f"{kind}, round {number}: {name} {got['tokens_per_second']:,.0f} tokens per CPU-second,"
                    f" grown by {got['grown']:,.0f} MiB",
                    flush=True,
                )
    for kind in kinds:
        ours = found[kind, "hypnos"]
        for name in names:
            if name != "hypnos":
                compare(kind, name, ours, found[kind, name])
        rate = statistics.median(got["tokens_per_second"] for got in ours) * work(kind)
        print(f"{kind}: {100 * rate / product_rate(kind.partition('-')[2]):.0f} % of the matrix product's rate")


def compare(kind: str, name: str, ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> None:
    """Print the ratios within each round: minimum and median of speed, median and maximum of memory."""
    pairs = list(zip(ours, theirs, strict=True))
    speed = [one["tokens_per_second"] / other["tokens_per_second"] for one, other in pairs]
    memory = [one["grown"] / other["grown"] for one, other in pairs]
    print(
        f"{kind}: {min(speed):.2f} to median {statistics.median(speed):.2f} times the tokens of {name},"
        f" {statistics.median(memory):.2f} to at most {max(memory):.2f} of its memory, {len(pairs)} rounds"
    )


def work(kind: str) -> float:
    """FLOP a token asks for: twice a weight forward; backward as much for inputs and, if trained, for weights."""
    layers, head = 4 * (4 * 256**2 + 3 * 256 * 688), 49_000 * 256 * 2 / 3  # two thirds of the tokens have logits
    return (6 if kind.startswith("full") else 4) * (layers + head)


if __name__ == "__main__":
    told = argparse.ArgumentParser(prog="python -m bench.peers")
    told.add_argument("kinds", nargs="*", metavar="kind", help=f"of {', '.join(KINDS)}; all where none is named")
    told.add_argument("--rounds", type=int, default=5)
    told.add_argument("--trainers", default=",".join(TRAINERS))
    asked = told.parse_args()
    names, kinds = asked.trainers.split(","), asked.kinds or KINDS
    for word, known in [*((name, TRAINERS) for name in names), *((kind, KINDS) for kind in kinds)]:
        if word not in known:
            told.error(f"{word!r} is none of {', '.join(known)}")
    main(asked.rounds, names, kinds)
