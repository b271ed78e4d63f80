"""A search by Optuna's sweeper as a user starts it: a trial that is worse than those before it ends early."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("optuna")
pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")

ROOT = Path(__file__).parents[2]
SMALL = [
    *("experiment=specific_only", "sources.anesthesia.limit=60", "model.recipe.pieces=3000", "logger=csv"),
    *("model.recipe.anesthesia.epochs=2", "accelerator=cpu", "answers.prompts=[]", "benchmark=false"),
]
SEARCH = [
    *("-m", "hydra/sweeper=optuna", "hydra.sweeper.storage=sqlite:///rates.db", "hydra.sweeper.study_name=rates"),
    *("hydra.sweeper.n_trials=1", "sweep_name=rates", "callbacks@stages.anesthesia.callbacks=pruned"),
    "stages.anesthesia.callbacks.heldout.startup_trials=1",
]
RATE = "stages.anesthesia.tuning.lr"


@pytest.mark.slow
def test_a_trial_worse_than_the_median_of_the_others_ends_early_and_the_study_goes_on(tmp_path):
    import optuna

    for rates in ("interval(1e-3,2e-3)", "interval(1e-9,2e-9)", "interval(2e-3,3e-3)"):
        done = subprocess.run(
            [sys.executable, str(ROOT / "train.py"), *SEARCH, f"{RATE}={rates}", *SMALL],
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    study = optuna.load_study(study_name="rates", storage=f"sqlite:///{tmp_path / 'rates.db'}")
    first, worse, last = study.trials
    assert [len(trial.intermediate_values) for trial in (first, worse, last)] == [2, 1, 2]
    assert "pruned_at_step" in worse.user_attrs and "pruned_at_step" not in {**first.user_attrs, **last.user_attrs}
    (ended,) = tmp_path.glob("outputs/sweeps/rates/*/pruned.json")
    assert json.loads(ended.read_text("utf-8"))["value"] == worse.value == worse.intermediate_values.popitem()[1]
    assert len(list(tmp_path.glob("outputs/sweeps/rates/*/results.json"))) == 2
    assert (
        len(list(tmp_path.glob("artefacts/models/anesthesia-*/stage.json"))) == 2
    )  # none is left of the one that ended
