"""Rows divided by the policy over their scores, as rows and as lines of a file."""

import json
from pathlib import Path

import orjson
import pytest

from hypnos.corpus.selection import Selection
from hypnos.curation.pipeline import Lines, run_steps
from hypnos.curation.score.select import Select, select_lines
from hypnos.curation.step import Step
from hypnos.errors import UserError


def row(scores=(8, 8, 8, 0, 8), *, author="gpt", scorer="claude", name="r", **more):
    aspects = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
    entry = {"scorer": scorer, **{a: s for a, s in zip(aspects, scores, strict=True) if s is not None}, "comment": ""}
    return {"id": name, "author": author, "instruction": "问", "output": "答", "scores": [entry], **more}


def test_lines_pass_as_they_stand(tmp_path: Path):
    odd = b'{"id": "a",  "author": "human", "n": 1.50, "instruction": "\\u95ee"}'
    bad = orjson.dumps(row((1, 1, 1, 0, 1), name="b"))
    before = orjson.dumps(row(name="c", step="select", reason="below_threshold"))
    other = orjson.dumps(row(name="d", step="clean", reason="empty"))
    (tmp_path / "scored.jsonl").write_bytes(b"\n".join([odd, bad, before, other, b""]))
    counts = select_lines(
        tmp_path / "scored.jsonl", kept=tmp_path / "kept", rejected=tmp_path / "rejected", selection=Selection()
    )
    assert counts == {"": 2, "coherence_low": 1, "empty": 1}
    kept = (tmp_path / "kept").read_bytes().splitlines()
    assert kept[0] == odd
    assert orjson.loads(kept[1]) == row(name="c")
    rejected = [orjson.loads(line) for line in (tmp_path / "rejected").read_bytes().splitlines()]
    assert rejected[0] == orjson.loads(bad) | {"step": "select", "reason": "coherence_low"}
    assert (rejected[1]["step"], rejected[1]["reason"]) == ("clean", "empty")
    again = select_lines(
        tmp_path / "rejected", kept=tmp_path / "k", rejected=tmp_path / "r", selection=Selection(threshold=0, floor=0)
    )
    assert again == {"": 1, "empty": 1}


@pytest.mark.parametrize("line", [b"{", b"[1]"])
def test_a_bad_line_is_named(tmp_path: Path, line):
    (tmp_path / "scored.jsonl").write_bytes(b'{"id": "1"}\n' + line)
    with pytest.raises(UserError, match=r"scored\.jsonl:2"):
        select_lines(tmp_path / "scored.jsonl", kept=tmp_path / "k", rejected=tmp_path / "r", selection=Selection())


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
    step.divide(tmp_path / "rows.jsonl", kept=tmp_path / "kept", rejected=tmp_path / "rejected")
    assert kept == [row["id"] for row in Lines(tmp_path / "kept")] and kept
    assert rejected == [(row["id"], row["reason"]) for row in Lines(tmp_path / "rejected")]
