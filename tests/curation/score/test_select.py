from pathlib import Path

import orjson
import pytest

from hypnos.corpus.selection import Selection
from hypnos.curation.score.select import select_lines
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
