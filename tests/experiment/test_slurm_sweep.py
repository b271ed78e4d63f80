"""A sweep through submitit on SLURM, whose commands on the path run the script that they are given."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("submitit")
pytest.importorskip("hydra_plugins.hydra_submitit_launcher")

ROOT = Path(__file__).parents[2]
SMALL = [
    *("experiment=specific_only", "sources.anesthesia.limit=60", "model.recipe.pieces=3000", "logger=csv"),
    *("stages.anesthesia.trainer.max_steps=2", "accelerator=cpu", "answers.prompts=[]", "benchmark=false"),
]


@pytest.mark.slow
def test_submitit_sends_each_arm_to_slurm_and_the_sweep_is_whole(tmp_path):
    state, commands = tmp_path / "state", tmp_path / "bin"
    state.mkdir()
    commands.mkdir()
    for name in ("sbatch", "srun", "sacct", "squeue", "scancel", "scontrol"):
        script = commands / name
        fake = Path(__file__).with_name("fake_slurm.py")
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {fake} {name} "$@"\n')
        script.chmod(0o755)
    place = {"PATH": f"{commands}:{os.environ['PATH']}", "FAKE_SLURM": str(state), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "train.py"), "-m", "hydra/launcher=submitit_slurm", "seed=1,2"),
            *("sweep_name=mine", "hydra.launcher.cpus_per_task=1", *SMALL),
        ],
        cwd=tmp_path,
        env=os.environ | place,
        capture_output=True,
        text=True,
    )
    logs = "".join(file.read_text() for file in tmp_path.glob("outputs/sweeps/mine/.submitit/**/*.err"))
    assert done.returncode == 0, done.stderr[-2000:] + logs[-2000:]
    while {"RUNNING", ""} & set(states := [file.read_text() for file in state.glob("7_*")]):
        time.sleep(0.1)  # submitit reads the results before the scripts have ended
    assert states == ["COMPLETED"] * 2
    assert "'cpus-per-task': '1'" in (state / "flags").read_text("utf-8")
    arms = [json.loads(file.read_text("utf-8")) for file in tmp_path.glob("outputs/sweeps/mine/*/results.json")]
    measured = [arm[-1]["measures"]["anesthesia"]["bits_per_char"] for arm in arms]
    assert len(measured) == 2 and measured[0] != measured[1]
