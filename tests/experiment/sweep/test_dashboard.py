"""The dashboard's layout is built here, and saved nowhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hypnos.experiment.sweep.dashboard import layout, main

ROOT = Path(__file__).parents[3]


def saved(**asked) -> dict:
    """What would be sent."""
    pytest.importorskip("wandb_workspaces")
    return json.loads(layout(entity="me", project="hypnos", **asked)._to_model().model_dump_json(by_alias=True))


def panels(view: dict) -> list[dict]:
    sections = view["spec"]["section"]["panelBankConfig"]["sections"]
    return [{**panel, "section": section["name"]} for section in sections for panel in section["panels"]]


def test_held_out_text_of_both_kinds_stands_on_one_axis_across_stages():
    (first, *_) = panels(saved())
    assert first["config"]["xAxis"] == "experiment_step"
    assert first["config"]["metrics"] == ["heldout/general_bits_per_char", "heldout/anesthesia_bits_per_char"]


def test_everything_that_is_logged_for_it_has_a_panel():
    text = json.dumps(saved())
    for name in (
        *("forgetting/general", "forgetting/anesthesia", "measures", "answers", "train/learnt_tokens_per_second"),
        *("data/truncated_share", "train/grad_norm", "train/loss", "data/funnel", "fertility", "selection/frontier"),
    ):
        assert f'"{name}"' in text, name
    (frontier,) = [
        panel for panel in panels(saved()) if panel["section"] == "Thresholds" and panel["viewType"] == "Vega2"
    ]
    assert frontier["config"]["fieldSettings"] == {
        "x": "kept_share",
        "y": "anesthesia_bits_per_char",
        "stroke": "selection",
    }
    assert '"frontier_table"' in json.dumps(frontier)


def test_one_sweep_alone_and_other_held_out_sets():
    view = saved(group="strategy", sets=["law"])
    assert view["displayName"] == "Hypnos: strategy"
    assert '"strategy"' in json.dumps(view["spec"]["section"]["runSets"])
    assert '"heldout/law_bits_per_char"' in json.dumps(view) and "anesthesia_bits" not in json.dumps(panels(view)[:3])


def test_without_the_package_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    monkeypatch.setitem(sys.modules, "wandb_workspaces.workspaces", None)
    monkeypatch.setitem(sys.modules, "wandb_workspaces.reports.v2", None)
    with pytest.raises(SystemExit) as ended:
        main(["--entity", "me"])
    assert ended.value.code == 1
    assert "error: dashboard: needs wandb-workspaces; pip install" in capsys.readouterr().err


@pytest.mark.slow
def test_without_a_key_it_is_one_line(tmp_path):
    pytest.importorskip("wandb_workspaces")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WANDB")}
    done = subprocess.run(
        [sys.executable, "-m", "hypnos.experiment.sweep.dashboard", "--entity", "me"],
        cwd=ROOT,
        env={**clean, "HOME": str(tmp_path), "NETRC": str(tmp_path / "netrc")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert line == "error: dashboard: no key to save it with: set WANDB_API_KEY or run `wandb login`"
