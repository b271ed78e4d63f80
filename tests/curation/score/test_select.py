"""Rows divided by the policy over their scores, as rows and as lines of a file."""

import json
from pathlib import Path

import orjson
import pytest

from hypnos.corpus.selection import Selection
from hypnos.curation.pipeline.blocks import run_blocks
from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.curation.pipeline.step import Step
from hypnos.curation.score.select import Select, SelectBlocks
from hypnos.errors import UserError


def row(scores=(8, 8, 8, 0, 8), *, author="gpt", scorer="claude", name="r", **more):
    aspects = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
    entry = {"scorer": scorer, **{a: s for a, s in zip(aspects, scores, strict=True) if s is not None}, "comment": ""}
    return {"id": name, "author": author, "instruction": "问", "output": "答", "scores": [entry], **more}


def divided(source: Path, folder: Path, selection: Selection) -> tuple[list[bytes], list[dict], dict]:
    folder.mkdir()
    made = run_blocks("select", SelectBlocks(selection, source), source, folder)
    kept, rejected = ((folder / name).read_bytes().splitlines() for name in ("kept.jsonl", "rejected.jsonl"))
    return kept, [orjson.loads(line) for line in rejected], {"kept": made.counts.kept, **made.counts.rejected}


def test_lines_pass_as_they_stand(tmp_path: Path):
    odd = b'{"id": "a",  "author": "human", "n": 1.50, "instruction": "\\u95ee"}'
    bad = orjson.dumps(row((1, 1, 1, 0, 1), name="b"))
    before = orjson.dumps(row(name="c", step="select", reason="below_threshold"))
    other = orjson.dumps(row(name="d", step="clean", reason="empty"))
    (tmp_path / "scored.jsonl").write_bytes(b"\n".join([odd, bad, before, other, b""]))
    kept, rejected, counts = divided(tmp_path / "scored.jsonl", tmp_path / "first", Selection())
    assert counts == {"kept": 2, "coherence_low": 1, "empty": 1}
    assert kept[0] == odd
    assert orjson.loads(kept[1]) == row(name="c")
    assert rejected[0] == orjson.loads(bad) | {"step": "select", "reason": "coherence_low"}
    assert (rejected[1]["step"], rejected[1]["reason"]) == ("clean", "empty")
    _, _, again = divided(tmp_path / "first" / "rejected.jsonl", tmp_path / "second", Selection(threshold=0, floor=0))
    assert again == {"kept": 1, "empty": 1}


@pytest.mark.parametrize("line", [b"{", b"[1]"])
def test_a_bad_line_is_shown(tmp_path: Path, line):
    (tmp_path / "scored.jsonl").write_bytes(b'{"id": "1"}\n' + line)
    with pytest.raises(UserError, match=r"not JSON.*\{|an object: \[1\]"):
        divided(tmp_path / "scored.jsonl", tmp_path / "made", Selection())


class Scored(Step):
    """Five records with grades from 5 to 9, and how often they were made."""

    name = "read"
    runs = 0

    def key(self):
        return {}

    def run(self, rows, reject):
        self.runs += 1
        for value in (5, 6, 7, 8, 9):
            yield row((value, value, value, 0, value), name=str(value))


def test_selection_divides_lines_and_another_threshold_reads_the_same_ones(tmp_path):
    scored = Scored()
    kept = {}
    for threshold in (6, 7, 8):
        *_, selected = run_steps([scored, Select(Selection(threshold=threshold))], artefacts=tmp_path)
        kept[threshold] = [row["id"] for row in selected.kept]
        assert selected.counts()["in"] == 5
        assert len(list(selected.rejected)) == 5 - len(kept[threshold])
    # The mean of four times the value and 10 for harmlessness.
    assert kept == {6: ["5", "6", "7", "8", "9"], 7: ["7", "8", "9"], 8: ["8", "9"]}
    assert scored.runs == 1


def test_both_ways_of_selecting_agree(tmp_path):
    rows = [
        {"id": str(v), "author": "a", "scores": [{"scorer": "b", **dict.fromkeys(Selection().aspects, v)}]}
        for v in range(11)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    step = Select(Selection(harmless_floor=0))
    rejected = []
    kept = [row["id"] for row in step.run(rows, lambda row, reason: rejected.append((row["id"], reason)))]
    lines, others, _ = divided(tmp_path / "rows.jsonl", tmp_path / "made", step.selection)
    assert kept == [orjson.loads(line)["id"] for line in lines] and kept
    assert rejected == [(row["id"], row["reason"]) for row in others]


@pytest.mark.parametrize("policy", [{"share": 0.5}, {"random": True, "seed": 3}, {"even_scorers": True}])
def test_policies_that_compare_agree_too_and_stay_in_one_process(tmp_path, policy):
    rows = [row((v % 11, 9, 9, 0, 8), name=str(v)) for v in range(60)]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in rows))
    step = Select(Selection(**policy))
    assert not step.block_work(tmp_path / "rows.jsonl").spread
    kept = [row["id"] for row in step.run(rows, lambda row, reason: None)]
    lines, _, _ = divided(tmp_path / "rows.jsonl", tmp_path / "made", step.selection)
    assert [orjson.loads(line)["id"] for line in lines] == kept and 0 < len(kept) < 60
