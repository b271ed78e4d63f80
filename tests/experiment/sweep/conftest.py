"""Folders of arms as train.py leaves them, written by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hypnos.experiment.sweep.arms import read_arms
from hypnos.experiment.sweep.report import write_sweep_report

RECORDS = [f"anesthesia/r{at}" for at in range(8)]
CHARACTERS = [10, 20, 30, 40, 10, 20, 30, 40]


def _write_arm(
    sweep: Path,
    *overrides: str,
    number: int,
    bits: float = 5.0,
    heldout: str = "k",
    kept: int = 80,
    state: str = "finished",
) -> Path:
    """An arm that needs `bits` per character on every record, and two more before its stage."""
    folder = sweep / "__".join(overrides)
    (folder / ".hydra").mkdir(parents=True)
    asked = ["sweep=mine", "paths.artefacts=elsewhere", "model.recipe.pieces=2000", *overrides]
    (folder / ".hydra" / "overrides.yaml").write_text("".join(f"- {one}\n" for one in asked))
    (folder / ".hydra" / "hydra.yaml").write_text(f"hydra:\n  job:\n    num: {number}\n")
    if state == "failed":
        (folder / "failed.json").write_text(json.dumps({"error": "tuning.lr -1 must be above 0"}))
    if state != "finished":
        return folder
    bits_of = {"base": 9.0, "vocabulary": bits + 2, "anesthesia": bits}
    measure = {"tokens": 100, "characters": 200, "loss": 1.0, "tokens_per_char": 0.5}
    rows = [
        {"name": name, "directory": f"m/{name}", "measures": {"anesthesia": {**measure, "bits_per_char": value}}}
        for name, value in bits_of.items()
    ]
    told = {"records": kept, "unselected": {"below_threshold": 100 - kept}}
    stage = {
        "name": "anesthesia",
        "key": f"{folder.name}",
        "seconds": 36.0,
        "steps": 4,
        "device": "cpu",
        "processes": 2,
        "directory": "m/anesthesia",
        "data": {"sources": {"anesthesia": told}, "epoch": {"learnt_tokens": 999, "rows": 3, "steps": 2}},
    }
    arm = {"key": {"heldout": {"anesthesia": heldout}}, "seed": 1, "stages": [stage]}
    # One record in two documents: its bits and characters add up.
    records = {
        "records": [*RECORDS, RECORDS[0]],
        "groups": [*[f"g{at}" for at in range(8)], "g0"],
        "characters": [*CHARACTERS, 5],
        "bits": {name: [value * c for c in (*CHARACTERS, 5)] for name, value in bits_of.items()},
    }
    (folder / "results.json").write_text(json.dumps(rows))
    (folder / "arm.json").write_text(json.dumps(arm))
    (folder / "records.json").write_text(json.dumps({"anesthesia": records}))
    (folder / "anesthesia").mkdir()
    (folder / "anesthesia" / "metrics-1.csv").write_text("step,train/loss\n0,9.0\n1,8.5\n")
    (folder / "anesthesia" / "metrics.csv").write_text("step,train/loss\n1,8.0\n2,\n3,7.0\n")
    return folder


@pytest.fixture
def write_arm() -> Callable[..., Path]:
    """Writes the folder of an arm that needs `bits` per character on every record."""
    return _write_arm


@pytest.fixture
def sweep(tmp_path) -> Path:
    place = tmp_path / "outputs" / "sweeps" / "mine"
    _write_arm(place, "experiment=mixed", "seed=1", number=2, bits=6.0)
    _write_arm(place, "experiment=mixed", "seed=2", number=3, bits=6.5)
    _write_arm(place, "experiment=general_to_specific", "seed=1", number=0, bits=5.0)
    _write_arm(place, "experiment=general_to_specific", "seed=2", number=1, bits=5.0)
    _write_arm(place, "experiment=specific_only", "seed=1", number=4, state="failed")
    _write_arm(place, "experiment=general_only", "seed=1", number=5, state="unfinished")
    return place


@pytest.fixture
def report(sweep, tmp_path):
    return write_sweep_report(tmp_path / "report", name="mine", arms=read_arms(sweep), dollars_per_hour=2.0)
