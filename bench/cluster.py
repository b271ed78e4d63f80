"""Several ranks on one machine, started as clusters start them, beside one process: `make test-cluster`.

Two torchrun agents over loopback; processes with the variables that srun gives; two and four ranks, DDP and FSDP, LoRA
and then all weights; a notice in the middle, after which another number of ranks goes on from the parts; and the memory
of a rank that saves in parts.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from safetensors.torch import load_file

from bench.exactness import STAGES, _gap, _losses, _model
from bench.parts_memory import free_port, saving
from bench.promise import ROOT, Measure, Promise

_PLAIN = [
    *("sources.general.limit=60", "sources.anesthesia.limit=60", "model.recipe.pieces=2000", "logger=csv"),
    *("accelerator=cpu", "answers.prompts=[]", "stages.general.tuning.lora_dropout=0.0"),
]
RUN = [
    *_PLAIN,
    # Plain descent: Adam divides small gradients by themselves, and so makes rounding errors large.
    *(
        setting
        for stage, rate in zip(STAGES, (0.3, 0.3), strict=True)
        for setting in (
            f"stages.{stage}.tuning.optimizer._target_=torch.optim.SGD",
            f"stages.{stage}.tuning.optimizer.fused=false",  # torch shards no fused SGD
            *(f"~stages.{stage}.tuning.optimizer.{name}" for name in ("betas", "eps")),
            *(f"stages.{stage}.tuning.lr={rate}", f"stages.{stage}.data.rows_per_step=4"),
            *(f"stages.{stage}.trainer.max_steps=4", f"stages.{stage}.trainer.max_epochs=-1"),
        )
    ),
]
"""Both stages, four steps each of four rows."""

PARTS = [f"stages.{stage}.callbacks.checkpoint.parts=true" for stage in STAGES]
EVERY_STEP = [f"stages.{stage}.callbacks.checkpoint.every_n_train_steps=1" for stage in STAGES]


def one_process(folder: Path, *overrides: str) -> list[subprocess.Popen[bytes]]:
    """Start a run of one process."""
    return [_start(folder, [sys.executable, str(ROOT / "train.py")], [*RUN, *overrides], {})]


def torchrun(folder: Path, strategy: str, ranks: int, *overrides: str) -> list[subprocess.Popen[bytes]]:
    """Start two agents of torchrun, as on two machines, each with half of the ranks."""
    port = free_port()
    each = ranks // 2
    agent = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", f"--nproc-per-node={each}"]
    agent += ["--rdzv-backend=c10d", f"--rdzv-endpoint=localhost:{port}", "--rdzv-id=hypnos", str(ROOT / "train.py")]
    chosen = [*RUN, f"strategy={strategy}", "num_nodes=2", f"devices={each}", "hydra.run.dir=outputs/run", *overrides]
    return [_start(folder, agent, chosen, {}) for _ in range(2)]


def srun(folder: Path, strategy: str, ranks: int, *overrides: str) -> list[subprocess.Popen[bytes]]:
    """Start ranks with the variables that srun gives its tasks, as on two machines with half of them each."""
    each = ranks // 2
    job = {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_JOB_NAME": "train", "SLURM_NTASKS": str(ranks)}
    job |= {"SLURM_NTASKS_PER_NODE": str(each), "SLURM_NNODES": "2", "SLURM_NODELIST": "localhost"}
    job |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    chosen = [*RUN, f"strategy={strategy}", "num_nodes=2", f"devices={each}", "hydra.run.dir=outputs/run", *overrides]
    return [
        _start(
            folder,
            [sys.executable, str(ROOT / "train.py")],
            chosen,
            {
                **job,
                "SLURM_PROCID": str(rank),
                "SLURM_LOCALID": str(rank % each),
                "SLURM_NODEID": str(rank // each),
            },
        )
        for rank in range(ranks)
    ]


LAUNCHERS = {"torchrun": torchrun, "srun": srun}


def ended(processes: list[subprocess.Popen[bytes]]) -> list[int]:
    """Wait for all; their exit statuses."""
    return [process.wait() for process in processes]


def apart(folder: Path, alone: Path) -> float:
    """The largest difference of a step's loss, of both stages, from those of one process; infinite where one lacks."""
    gaps = []
    for stage in STAGES:
        losses, wanted = _losses(folder, stage), _losses(alone, stage)
        gaps += [abs(losses.get(step, float("inf")) - value) for step, value in wanted.items()]
    return max(gaps) if len(gaps) >= 2 * 4 else float("inf")


def noticed(processes: list[subprocess.Popen[bytes]], folder: Path, stage: str, notice: signal.Signals) -> list[int]:
    """Send every rank a notice once a stage has saved a step; their exit statuses."""
    while not list(folder.glob(f"artefacts/models/.{stage}-*/checkpoints/step-*.ckpt")):
        if any(process.poll() is not None for process in processes):
            break
        time.sleep(0.02)
    for process in processes:
        process.send_signal(notice)
    return ended(processes)


def launched(launcher: str, strategy: str, ranks: int, alone: Path) -> list[Promise]:
    """Losses and weights of some ranks beside those of one process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        statuses = ended(LAUNCHERS[launcher](folder, strategy, ranks))
        what = f"{launcher}, {strategy}, {ranks} ranks"
        losses = apart(folder, alone)
        weights = max(
            _gap(load_file(_model(folder, stage)), load_file(_model(alone, stage))) if not any(statuses) else 1.0
            for stage in STAGES
        )
    return [
        Promise(f"{what}: exit status", max(map(abs, statuses)), 0),
        Promise(f"{what}: largest difference of a step's loss from one process's", losses, 1e-5),
        Promise(f"{what}: largest difference of a weight", weights, 1e-5),
    ]


def goes_on(ranks: int, later: int, alone: Path) -> list[Promise]:
    """A notice to ranks that save in parts; another number of them goes on."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun = srun(folder, "fsdp", ranks, *PARTS, *EVERY_STEP)
        told = noticed(begun, folder, STAGES[1], signal.SIGUSR1)
        if set(told) != {143}:
            _show_logs(folder)
        again = one_process(folder) if later == 1 else srun(folder, "fsdp", later, *PARTS)
        statuses = ended(again)
        what = f"{ranks} ranks told to end, {later} go on from parts"
        return [
            Promise(f"{what}: exit status beside 143", max(abs(status - 143) for status in told), 0),
            Promise(f"{what}: exit status of those", max(map(abs, statuses)), 0),
            Promise(f"{what}: largest difference of a loss from one process's", apart(folder, alone), 1e-5),
        ]


def _start(folder: Path, command: list[str], overrides: list[str], more: Mapping[str, str]) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    known = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "MASTER_"))}
    with (folder / f"log-{time.monotonic_ns()}").open("wb") as log:
        return subprocess.Popen(
            [*command, *overrides],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={**known, "OMP_NUM_THREADS": "1", **more},
        )


def _show_logs(folder: Path) -> None:
    """What each rank said last."""
    for log in sorted(folder.glob("log-*")):
        lines = log.read_text("utf-8", "replace").strip().splitlines()
        print(log.name, *lines[-3:], sep="\n  ", file=sys.stderr)


def main() -> int:
    """Try everything; fail on a miss."""
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        alone = Path(name)
        if any(ended(one_process(alone))):
            print("one process failed", file=sys.stderr)
            return 1
        combinations = [(lau, strategy, n) for lau in LAUNCHERS for strategy in ("ddp", "fsdp") for n in (2, 4)]
        measures: list[Measure] = [partial(launched, *chosen, alone) for chosen in combinations]
        measures += [partial(goes_on, ranks, later, alone) for ranks, later in ((2, 1), (2, 4), (4, 2))]
        measures.append(saving)
        for measure in measures:
            for promise in measure():
                figure = f"{promise.figure:.4g}"
                print(f"{promise.verdict:8} {figure:>10}  at most {promise.bound:<8.4g} {promise.what}", flush=True)
                missed += promise.verdict == "MISSED"
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
