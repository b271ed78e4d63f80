"""Promises about the estimate: its memory beside the peak of a process that really trains."""

import ctypes
import gc
import json
import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from bench.promise import ROOT, SHARED, Promise

STAGES = {"general": "general_only", "anesthesia": "specific_only"}  # LoRA, and every weight
RECOMPUTED = ["model.activation_checkpointing=true"]
GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": "131072"}
"""glibc gives freed tensors back at once, so that the peak is what training asked for."""

QUIET = ["group=estimate", "wandb.folder=null", "logger=none", "answers.prompts=[]", "accelerator=cpu"]


def memory() -> list[Promise]:
    """Peak above what imports take, against the estimate, as a share of the peak."""
    models = {"embedded default": ["model=tiny"]}
    base = SHARED / "models" / "stories15M"
    if base.is_dir():
        models["stories15M"] = ["model=stories15m", f"model.path={base}"]
    promises = []
    for model, chosen in models.items():
        for stage in STAGES:
            for how, more in (("", []), (", recomputed", RECOMPUTED)):
                found = measured(stage, [*chosen, *more], environment=GIVEN_BACK)
                off = abs(found["estimate"] / found["peak"] - 1)
                where = f"{model}, {stage}{how}"
                figures = f"{found['estimate'] / 2**20:.0f} MiB estimated, {found['peak'] / 2**20:.0f} measured"
                promises.append(Promise(f"peak memory, {where}: share the estimate is off ({figures})", off, 0.2))
            found = measured(stage, chosen, environment={})
            kept = found["peak"] / found["estimate"]
            promises.append(Promise(f"{model}, {stage}: peak over the estimate where freed memory is kept", kept, 2.0))
    if len(models) == 1:
        promises.append(Promise("peak memory of stories15M: ../shared/data is not here", None, 0.2))
    return promises


def measured(stage: str, overrides: list[str], *, environment: dict[str, str]) -> dict[str, float]:
    """Train two steps of a stage in a process of its own: bytes of `peak` and `estimate`."""
    command = [sys.executable, "-m", "bench.estimate", stage, *overrides]
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Train a stage twice: once to load every library, and once to measure."""
    from hydra.utils import instantiate
    from pytorch_lightning import Callback, Trainer
    from transformers import AutoConfig

    from hypnos.experiment.run import run_experiment
    from hypnos.tuning.estimate import read_work, row_of
    from hypnos.tuning.module import Tuning

    stage, *overrides = sys.argv[1:]
    os.environ.setdefault("HYPNOS_ROOT", str(ROOT))
    found: dict[str, Any] = {}

    class Peak(Callback):
        def on_train_batch_end(self, *args: Any) -> None:
            found["peak"] = _peak() - found["baseline"]

    def build(node: Any, **more: Any) -> Any:
        made = instantiate(node, _convert_="all", **more)
        if isinstance(made, Tuning):  # the last is built right before its model is loaded
            found["baseline"] = _baseline()
        if isinstance(made, Trainer):
            made.callbacks.append(Peak())  # type: ignore[attr-defined]
            found["trainer"] = made
        return made

    with tempfile.TemporaryDirectory() as folder:
        for name, chosen in (("warm", ["model=tiny"]), ("real", overrides)):
            config = _compose([*chosen, f"experiment={STAGES[stage]}", *QUIET], Path(folder) / name, stage)
            run_experiment(config, build=build, output=Path(folder) / name)
        (base,) = Path(folder).glob("real/models/base-*")
        settings = config["stages"][stage]
        row = row_of(
            partial(instantiate, _convert_="all"),
            settings["tuning"],
            AutoConfig.from_pretrained(base),
            read_work(found["trainer"].datamodule, found["trainer"]),
            precision=settings["trainer"]["precision"],
            recompute=settings["tuning"]["activation_checkpointing"],
        )
    print(json.dumps({"peak": found["peak"], "estimate": row.peak}))


def _compose(overrides: list[str], artefacts: Path, stage: str) -> dict[str, Any]:
    """Two steps of a stage; nothing is measured on held-out text."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    short = [f"stages.{stage}.trainer.max_steps=2", f"stages.{stage}.trainer.limit_val_batches=0"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", [*overrides, *short, f"paths.artefacts={artefacts}"])
    plain: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, list({*config} - {"hydra"})), resolve=True)
    return {**plain, "heldout": {}}


def _baseline() -> int:
    """Bytes in use now; the mark of the fullest moment is set back to them."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    """Most bytes ever resident; `ru_maxrss` would begin with those of the process that started this one."""
    line = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    assert line is not None
    return int(line[1]) * 1024


if __name__ == "__main__":
    main()
