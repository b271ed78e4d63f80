"""A funnel at W&B: counts and pictures, and records only where that is asked for and allowed."""

import json

import pytest

from hypnos.errors import UserError
from hypnos.report.boards.send_funnel import check_may_leave
from hypnos.report.wandb.funnel import WandbFunnel

FUNNEL = [
    {
        "step": "cross_score",
        "in": 5,
        "out": 3,
        "rejected": {"unreadable": 2},
        "notes": {"distribution": {"b": {"a": {"coherence": {"9": 1, "8": 2}}}}},
    },
    {"step": "select", "in": 3, "out": 2, "rejected": {}, "notes": {}},
]


@pytest.fixture
def kept(tmp_path):
    folder = tmp_path / "instructions-00ff" / "records"
    folder.mkdir(parents=True)
    (folder / "kept.jsonl").write_text(json.dumps({"id": "a", "egress": "any"}) + "\n", "utf-8")
    return folder / "kept.jsonl"


def test_counts_reasons_and_scores_are_tables(kept, recorded_runs, tmp_path):
    account = WandbFunnel(project="hypnos", save_dir=str(tmp_path / "w"), group="mine")
    account.publish(FUNNEL, files=[], kept=kept, name="instructions")
    (run,) = recorded_runs
    assert (run.asked["group"], run.asked["config"]) == ("mine", {"steps": ["cross_score", "select"]})
    assert run.values("funnel")[0].data == [["cross_score", 5, 3], ["select", 3, 2]]
    assert run.values("rejected")[0].data == [["cross_score", "unreadable", 2]]
    assert run.values("scores")[0].data == [["b", "a", "coherence", 9.0, 1], ["b", "a", "coherence", 8.0, 2]]
    counts, records = run.made
    assert not counts.manifest.entries and all(entry.ref for entry in records.manifest.entries.values())


def test_records_are_sent_on_request_and_one_that_must_stay_stops_everything(kept, recorded_runs, tmp_path):
    account = WandbFunnel(project="hypnos", save_dir=str(tmp_path / "w"), records=True)
    account.publish(FUNNEL, files=[], kept=kept, name="instructions")
    assert list(recorded_runs[0].made[0].manifest.entries) == ["kept.jsonl"]
    with kept.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"id": "b", "egress": "local"}) + "\n")
    with pytest.raises(UserError, match="record b: egress is local"):
        account.publish(FUNNEL, files=[], kept=kept, name="instructions")
    with pytest.raises(UserError, match="record b"):
        check_may_leave(kept)
    assert len(recorded_runs) == 1  # no second run was begun
