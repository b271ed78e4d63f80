"""A sweep through Hydra's launcher for Ray: two arms at once on a Ray of this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")
pytest.importorskip("hydra_plugins.hydra_ray_launcher")

ROOT = Path(__file__).parents[2]
SMALL = [
    *("experiment=specific_only", "sources.anesthesia.limit=60", "model.recipe.pieces=3000", "logger=csv"),
    *("stages.anesthesia.trainer.max_steps=2", "accelerator=cpu", "answers.prompts=[]", "benchmark=false"),
]


@pytest.mark.slow
def test_ray_runs_each_arm_and_the_sweep_is_whole(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "train.py"), "-m", "hydra/launcher=ray", "seed=1,2", "sweep_name=mine"),
            *("+hydra.launcher.ray.init.num_cpus=2", *SMALL),
        ],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    arms = [json.loads(file.read_text("utf-8")) for file in tmp_path.glob("outputs/sweeps/mine/*/results.json")]
    measured = [arm[-1]["measures"]["anesthesia"]["bits_per_char"] for arm in arms]
    assert len(measured) == 2 and measured[0] != measured[1]
