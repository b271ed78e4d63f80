"""Memory of a rank that saves in parts: `python -m bench.parts_memory`; started by itself with a rank as argument."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.promise import ROOT, Promise

RANKS, LAYERS, WIDTH = 2, 12, 2048
"""12 layers of 16 MiB in float32, with gradients and two moments: 1 GiB for both ranks together."""


def saving() -> list[Promise]:
    """How far each rank grows while it saves, beside its share of weights and moments; one layer is allowed on top."""
    with tempfile.TemporaryDirectory() as name:
        known = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(RANKS)}
        ranks = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.parts_memory", str(rank), name],
                cwd=ROOT,
                env={**os.environ, **known, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
            )
            for rank in range(RANKS)
        ]
        statuses = [rank.wait() for rank in ranks]
        found = [json.loads((Path(name) / f"{rank}.json").read_text("utf-8")) for rank in range(RANKS)]
    layer = WIDTH * WIDTH * 4
    worst = max((rank["share"] + rank["grown"] - layer) / rank["share"] for rank in found)
    what = f"saving in parts: a rank's memory less one layer, over its share ({found[0]['share'] / 2**20:.0f} MiB)"
    return [Promise(what, worst, 1.2), Promise("saving in parts: exit status", max(map(abs, statuses)), 0)]


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main(rank: int, folder: Path) -> None:
    """One rank: a step of AdamW on a sharded model, and a checkpoint in parts."""
    import torch
    import torch.distributed as dist
    from torch import nn
    from torch.distributed.fsdp import fully_shard

    from hypnos.tuning.distributed.parts import save_parts

    dist.init_process_group("gloo")
    model = nn.Sequential(*(nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(LAYERS)))
    for layer in model:
        fully_shard(layer)
    fully_shard(model)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    for step in range(2):  # the second save is measured: the first loads what saves
        model(torch.ones(1, WIDTH)).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        checkpoint = {"state_dict": model.state_dict(), "optimizer_states": [optimizer.state_dict()]}
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = _status("VmRSS")
        save_parts(checkpoint, folder / f"step-{step}.ckpt", rank=rank)
        grown = _status("VmHWM") - before
    share = 3 * LAYERS * WIDTH * WIDTH * 4 // RANKS
    (folder / f"{rank}.json").write_text(json.dumps({"share": share, "grown": grown}), "utf-8")
    dist.destroy_process_group()


def _status(name: str) -> int:
    (kib,) = re.findall(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kib) * 1024


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        for promise in saving():
            print(promise.verdict, f"{promise.figure:.3f}", "at most", promise.bound, promise.what)
