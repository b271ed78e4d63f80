"""What a run shows: the funnel as table, JSON, pictures, page and card."""

import json
import re

import pytest

from hypnos.corpus.selection import Selection
from hypnos.curation.funnel import funnel_table, score_table
from hypnos.curation.outcome import samples, write_outcome, yields
from hypnos.curation.pipeline import Made
from hypnos.errors import UserError
from hypnos.report.wandb.funnel import WandbFunnel, check_may_leave

ASPECTS = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")


def row(number, value=8, **more):
    entry = {"scorer": "b", **dict.fromkeys(ASPECTS, value), "harmfulness": 0, "comment": "好"}
    texts = {"instruction": f"问{number}", "input": "", "output": f"<b>答{number}</b>"}
    return {"id": str(number), **texts, "author": "a", "topic": "airway", "egress": "any", "scores": [entry], **more}


@pytest.fixture
def made(tmp_path):
    """Artefacts of two steps, written by hand."""

    def step(name, kept, rejected, notes=None):
        folder = tmp_path / name
        folder.mkdir()
        marked = [{**r, "step": name, "reason": reason} for reason, r in rejected]
        for file, rows in (("kept.jsonl", kept), ("rejected.jsonl", marked)):
            (folder / file).write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
        reasons = {reason: sum(r == reason for r, _ in rejected) for reason, _ in rejected}
        counts = {
            "in": len(kept) + len(rejected),
            "out": len(kept),
            "rejected": reasons,
            "authors": {"a": len(kept)},
            "topics": {"airway": len(kept)},
        }
        (folder / "counts.json").write_text(json.dumps({**counts, "notes": notes or {}}), "utf-8")
        return Made(name, name, folder)

    spend = {
        "b": {
            "requests": 4,
            "replies": 5,
            "retried": 1,
            "unanswered": 0,
            "unpriced": 0,
            "tokens_in": 10,
            "tokens_out": 5,
            "usd": 0.6,
            "models": ["b-1"],
        }
    }
    scored = [row(1, 9), row(2, 8), row(3, 6)]
    notes = {
        "spend": spend,
        "distribution": {"b": {"a": {aspect: {"9": 1, "8": 1, "6": 1} for aspect in ASPECTS}}},
        "repeat_sd": {},
        "self_preference": {
            "own_records": {"b": {"coherence": {"n": 3, "mean": 0.5, "low": 0.1, "high": 0.9}}},
            "records_of_others": {},
        },
    }
    first = step(
        "cross_score",
        scored,
        [("score_unreadable", row(4)), ("reply_unreadable", {"id": "x", "reply": "抱歉", "egress": "any"})],
        notes,
    )
    second = step("select", scored[:2], [("below_threshold", row(3, 6))])
    return [first, second]


def outcome_of(made, tmp_path, **more):
    return write_outcome(
        made,
        artefacts=tmp_path / "artefacts",
        output=tmp_path / "output",
        specialty="麻醉学",
        **{"selection": Selection(), **more},
    )


def test_the_table_has_a_line_for_each_step_and_reason(made, tmp_path):
    funnel = outcome_of(made, tmp_path).funnel
    lines = funnel_table(funnel).splitlines()
    cells = [line.split() for line in lines[2:]]
    assert cells == [
        ["cross_score", "5", "3", "60", "%", "5", "0.6000"],
        ["reply_unreadable", "-1"],
        ["score_unreadable", "-1"],
        ["select", "3", "2", "67", "%"],
        ["below_threshold", "-1"],
    ]
    assert "b on a" in score_table(funnel[0]["notes"])
    assert re.search(r"7\.7, 9: 33 %", score_table(funnel[0]["notes"]))


def test_kept_and_rejected_records_lie_beside_each_other(made, tmp_path):
    outcome = outcome_of(made, tmp_path)
    kept = [json.loads(line) for line in outcome.kept.read_text("utf-8").splitlines()]
    rejected = [json.loads(line) for line in outcome.rejected.read_text("utf-8").splitlines()]
    aside = [json.loads(line) for line in (outcome.directory / "aside.jsonl").read_text("utf-8").splitlines()]
    assert [r["id"] for r in kept] == ["1", "2"]
    assert [(r["id"], r["step"], r["reason"]) for r in rejected] == [
        ("4", "cross_score", "score_unreadable"),
        ("3", "select", "below_threshold"),
    ]
    assert [r["id"] for r in aside] == ["x"]  # no record: training could not read it


def test_the_curve_tells_yield_and_cost_of_each_threshold(made, tmp_path):
    curve = {point["threshold"]: point for point in yields(made[0], Selection(), 0.6)}
    # Overall grades: (4 v + 10) / 5 = 9.2, 8.4 and 6.8.
    assert [curve[t]["kept"] for t in (0.0, 6.5, 7.0, 8.0, 8.5, 9.0, 9.5)] == [3, 3, 2, 2, 1, 1, 0]
    assert curve[7.0]["usd_per_record"] == 0.3
    assert list(yields(made[0], Selection(share=0.5), 0.6)) == []


def test_the_page_needs_nothing_else_and_shows_what_was_removed(made, tmp_path):
    outcome = outcome_of(made, tmp_path)
    page = outcome.page.read_text("utf-8")
    assert not re.search(r"https?://|<script|src=\"(?!data:)", page)
    assert page.count("data:image/png;base64,") == 2
    assert "select: below_threshold" in page
    assert "&lt;b&gt;答3&lt;/b&gt;" in page and "<b>答" not in page
    assert "0.10 to 0.90" in page
    funnel = json.loads((outcome.directory / "funnel.json").read_text("utf-8"))
    assert [entry["out"] for entry in funnel["funnel"]] == [3, 2]
    assert (outcome.directory / "funnel.png").read_bytes().startswith(b"\x89PNG")


def test_records_that_must_stay_are_on_no_page(made, tmp_path):
    local = row(5, 2, output="住院病例", egress="local")
    with (made[1].directory / "rejected.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({**local, "step": "select", "reason": "usefulness_low"}, ensure_ascii=False) + "\n")
    assert "usefulness_low" not in {sample.reason for sample in samples(made)}
    assert "住院病例" not in outcome_of(made, tmp_path).page.read_text("utf-8")


def test_the_card_counts_what_is_there(made, tmp_path):
    card = (outcome_of(made, tmp_path).directory / "README.md").read_text("utf-8")
    assert "# Data card: 麻醉学, 2 instructions" in card
    assert "| cross_score | b | b-1 | 5 | 10 | 5 | 0.6000 |" in card
    assert "- author: a (2)" in card
    assert "`egress: local`: 0" in card
    assert "Not for clinical use" in card


def test_the_same_steps_give_the_same_bytes_and_are_made_once(made, tmp_path):
    one = outcome_of(made, tmp_path)
    stamp = one.page.stat().st_mtime_ns
    two = outcome_of(made, tmp_path)
    assert (one.directory, two.page.stat().st_mtime_ns) == (two.directory, stamp)
    other = write_outcome(
        made, artefacts=tmp_path / "b", output=tmp_path / "o", specialty="麻醉学", selection=Selection()
    )
    for name in (
        "funnel.json",
        "funnel.html",
        "funnel.png",
        "README.md",
        "records/kept.jsonl",
        "records/rejected.jsonl",
    ):
        assert (one.directory / name).read_bytes() == (other.directory / name).read_bytes(), name


def test_records_go_to_wandb_only_if_all_of_them_may(tmp_path):
    (tmp_path / "kept.jsonl").write_text('{"id": "a", "egress": "any"}\n{"id": "b", "egress": "local"}\n', "utf-8")
    with pytest.raises(UserError, match="record b: egress is local"):
        check_may_leave(tmp_path / "kept.jsonl")
    (tmp_path / "kept.jsonl").write_text('{"id": "a", "egress": "any"}\n', "utf-8")
    check_may_leave(tmp_path / "kept.jsonl")


def test_the_funnel_is_a_run_that_says_where_its_records_lie_and_sends_none(made, tmp_path, recorded_runs):
    outcome = outcome_of(made, tmp_path)
    shared = WandbFunnel(project="hypnos", save_dir=str(tmp_path / "w"), group="mine")
    shared.publish(outcome.funnel, files=[outcome.directory / "funnel.png"], kept=outcome.kept, name="instructions-1")
    (run,) = recorded_runs
    assert (run.asked["job_type"], run.asked["group"], run.asked["mode"]) == ("filter", "mine", "offline")
    assert [row[0] for row in run.values("funnel")[0].data] == ["cross_score", "select"]
    assert ["select", "below_threshold", 1] in run.values("rejected")[0].data
    assert "figures/funnel" in run.logged[0]
    counts, records = run.made
    assert list(counts.manifest.entries) == ["funnel.png"]
    assert records.type == "records" and all(entry.ref for entry in records.manifest.entries.values())
