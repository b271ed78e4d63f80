"""A sweep as evaluate.py reads it."""

import pytest

from hypnos.experiment.sweep.compare import compare_arms
from hypnos.report.wandb.report import WandbReport


def test_a_sweep_goes_to_wandb_only_on_request_and_into_the_group_of_its_runs(sweep, compose, recorded_runs):
    def build(node, **given):
        return WandbReport(**{key: value for key, value in node.items() if key != "_target_"}, **given)

    asked = [f"compare.sweep={sweep}", "compare.reference=mixed"]
    compare_arms(compose("evaluate", asked), build=build)
    assert not recorded_runs
    compare_arms(compose("evaluate", [*asked, "publish=report"]), build=build)
    (run,) = recorded_runs
    told = {name: run.asked[name] for name in ("group", "job_type", "mode")}
    assert told == {"group": "mine", "job_type": "sweep", "mode": "offline"}
    (frontier,) = run.values("frontier")
    kinds = [(row[0], row[3]) for row in frontier.table.data]
    assert frontier.table.columns[:4] == ["selection", "arm", "kept", "kept_share"]
    assert kinds == [("general_to_specific", 0.8), ("mixed", 0.8)]
    assert run.summary["held-out/last/anesthesia_bits_per_char/general_to_specific"] == pytest.approx(5.0)
    failed = next(row for row in run.values("notes/Arms")[0].data if row[2] == "failed")
    assert "tuning.lr -1" in failed[3]
    assert {"figures/held_out", "figures/stages"} <= run.logged[0].keys()
    assert "report.html" in run.made[0].manifest.entries
