"""What a run shows: records, JSON, pictures and page, made once; and what of it may leave the machine."""

import json
import re
from pathlib import Path

import pytest

from hypnos.corpus.selection import Selection
from hypnos.curation.outcome import rejected_samples, write_outcome, yield_by_threshold
from hypnos.errors import UserError
from hypnos.report.boards.send_funnel import check_may_leave
from hypnos.report.wandb.funnel import WandbFunnel
from hypnos.specialty.folder import read_specialty

SPECIALTY = read_specialty(Path(__file__).parents[2] / "specialty" / "anesthesia")


def outcome_of(two_steps, tmp_path, **more):
    return write_outcome(
        two_steps,
        artefacts=tmp_path / "artefacts",
        output=tmp_path / "output",
        specialty=SPECIALTY,
        **{"selection": Selection(), **more},
    )


def test_kept_and_rejected_records_lie_beside_each_other(two_steps, tmp_path):
    outcome = outcome_of(two_steps, tmp_path)
    kept = [json.loads(line) for line in outcome.kept.read_text("utf-8").splitlines()]
    rejected = [json.loads(line) for line in outcome.rejected.read_text("utf-8").splitlines()]
    aside = [json.loads(line) for line in (outcome.directory / "aside.jsonl").read_text("utf-8").splitlines()]
    assert [r["id"] for r in kept] == ["1", "2"]
    assert [(r["id"], r["step"], r["reason"]) for r in rejected] == [
        ("4", "cross_score", "score_unreadable"),
        ("3", "select", "below_threshold"),
    ]
    assert [r["id"] for r in aside] == ["x"]  # no record: training could not read it


def test_the_curve_tells_yield_and_cost_of_each_threshold(two_steps, tmp_path):
    curve = {point["threshold"]: point for point in yield_by_threshold(two_steps[0], Selection(), 0.6)}
    # Overall grades: (4 v + 10) / 5 = 9.2, 8.4 and 6.8.
    assert [curve[t]["kept"] for t in (0.0, 6.5, 7.0, 8.0, 8.5, 9.0, 9.5)] == [3, 3, 2, 2, 1, 1, 0]
    assert curve[7.0]["usd_per_record"] == 0.3
    assert list(yield_by_threshold(two_steps[0], Selection(share=0.5), 0.6)) == []


def test_the_page_needs_nothing_else_and_shows_what_was_removed(two_steps, tmp_path):
    outcome = outcome_of(two_steps, tmp_path)
    page = outcome.page.read_text("utf-8")
    assert not re.search(r"https?://|<script|src=\"(?!data:)", page)
    assert page.count("data:image/png;base64,") == 2
    assert "select: below_threshold" in page
    assert "&lt;b&gt;答3&lt;/b&gt;" in page and "<b>答" not in page
    assert "0.10 to 0.90" in page
    funnel = json.loads((outcome.directory / "funnel.json").read_text("utf-8"))
    assert [entry["out"] for entry in funnel["funnel"]] == [3, 2]
    assert (outcome.directory / "funnel.png").read_bytes().startswith(b"\x89PNG")


def test_records_that_must_stay_are_on_no_page(two_steps, scored_row, tmp_path):
    local = scored_row(5, 2, output="住院病例", egress="local")
    with (two_steps[1].directory / "rejected.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({**local, "step": "select", "reason": "usefulness_low"}, ensure_ascii=False) + "\n")
    assert "usefulness_low" not in {sample.reason for sample in rejected_samples(two_steps)}
    assert "住院病例" not in outcome_of(two_steps, tmp_path).page.read_text("utf-8")


def test_marks_travel_with_words(two_steps, scored_row, tmp_path):
    words = "患者于昨日夜间突发胸痛，急诊行冠脉造影，随后转入我科。"
    local = scored_row(5, 2, output=words, egress="local")
    copies = {
        "near_duplicate": scored_row(6, 2, output=words.replace("，", ","), duplicate_text="别人的话"),
        "repetition": scored_row(7, 2, output="无关的回答", detail=f"……{words[2:20]}"),
        "language": scored_row(8, 2, output="可以看的回答", benchmark_text="题目原文"),
    }
    rows = [(local, "harmfulness_high"), *((row, reason) for reason, row in copies.items())]
    with (two_steps[1].directory / "rejected.jsonl").open("a", encoding="utf-8") as stream:
        for row, reason in rows:
            stream.write(json.dumps({**row, "step": "select", "reason": reason}, ensure_ascii=False) + "\n")
    page = outcome_of(two_steps, tmp_path).page.read_text("utf-8")
    assert "可以看的回答" in page
    for hidden in ("突发胸痛", "别人的话", "题目原文"):
        assert hidden not in page


def test_the_same_steps_give_the_same_bytes_and_are_made_once(two_steps, tmp_path):
    first = outcome_of(two_steps, tmp_path)
    stamp = first.page.stat().st_mtime_ns
    again = outcome_of(two_steps, tmp_path)
    assert (first.directory, again.page.stat().st_mtime_ns) == (again.directory, stamp)
    other = write_outcome(
        two_steps, artefacts=tmp_path / "b", output=tmp_path / "o", specialty=SPECIALTY, selection=Selection()
    )
    for name in (
        "funnel.json",
        "funnel.html",
        "funnel.png",
        "README.md",
        "records/kept.jsonl",
        "records/rejected.jsonl",
    ):
        assert (first.directory / name).read_bytes() == (other.directory / name).read_bytes(), name


def test_records_go_to_wandb_only_if_all_of_them_may(tmp_path):
    (tmp_path / "kept.jsonl").write_text('{"id": "a", "egress": "any"}\n{"id": "b", "egress": "local"}\n', "utf-8")
    with pytest.raises(UserError, match="record b: egress is local"):
        check_may_leave(tmp_path / "kept.jsonl")
    (tmp_path / "kept.jsonl").write_text('{"id": "a", "egress": "any"}\n', "utf-8")
    check_may_leave(tmp_path / "kept.jsonl")


def test_the_funnel_is_a_run_that_says_where_its_records_lie_and_sends_none(two_steps, tmp_path, recorded_runs):
    outcome = outcome_of(two_steps, tmp_path)
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
