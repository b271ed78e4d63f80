"""Reading by blocks: the same rows, the same counts and the same line as row by row, and on after a stop."""

import json

import orjson
import pytest

from hypnos.curation.generate import read_blocks
from hypnos.curation.generate.read_source import Read
from hypnos.curation.pipeline.blocks import run_blocks
from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.errors import UserError


def rows_of_all_kinds(count):
    """Plain pairs, hidden signs, scores from elsewhere, more fields than are told apart, and rows of no shape."""
    for number in range(count):
        row = {"instruction": f"问题{number}", "output": f"回答{number}。", f"field {number % 160}": 1}
        if number % 7 == 0:
            row["output"] += "丙泊酚 10\u200bmg"
        if number % 11 == 0:
            row["scores"] = [{"scorer": "a", "coherence": 8}]
        yield {"x": number} if number % 97 == 3 else row


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(read_blocks, "ROWS", 40)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows_of_all_kinds(400)), "utf-8")
    return path


def by_rows(step):
    rejected = []
    kept = list(step.run((), lambda row, why: rejected.append(row | {"step": "read", "reason": why})))
    return [b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows) for rows in (kept, rejected)]


def written(folder):
    return [(folder / name).read_bytes() for name in ("kept.jsonl", "rejected.jsonl")]


def test_blocks_make_what_rows_make(file, tmp_path):
    step = Read(str(file))
    expected = by_rows(step)
    (made,) = run_steps([Read(str(file))], artefacts=tmp_path / "artefacts")
    assert written(made.directory) == expected
    notes = made.counts()["notes"]
    assert notes == step.notes()
    assert notes["left_out"]["other fields"] > 100 and len(notes["left_out"]) == 103
    assert notes["left_out"]["signs that nobody sees"] == 57
    assert notes["left_out"]["scores of unknown origin"] == 37


def test_a_stopped_run_goes_on_and_the_share_of_unusable_rows_counts_from_the_beginning(file, tmp_path, monkeypatch):
    expected = by_rows(Read(str(file)))
    blocks, folder = read_blocks.ReadBlocks.blocks, tmp_path / "made"
    folder.mkdir()

    def until_stopped(self, source, start):
        for number, block in enumerate(blocks(self, source, start)):
            if number == 4:
                raise KeyboardInterrupt
            yield block

    step = Read(str(file))
    with monkeypatch.context() as patch:
        patch.setattr(read_blocks.ReadBlocks, "blocks", until_stopped)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                run_blocks("read", step.block_work(file), file, folder)
    made = run_blocks("read", step.block_work(file), file, folder)
    assert written(folder) == expected
    assert made.read == 400 and dict(made.notes["left_out"]) == _notes(file)
    with pytest.raises(UserError, match=r"rows\.jsonl:4: no known shape.*\(5 of 400 rows are unusable"):
        list(run_steps([Read(str(file), max_rejected=0.01)], artefacts=tmp_path / "strict"))


def _notes(file):
    step = Read(str(file))
    by_rows(step)
    return step.notes()["left_out"]


def test_a_limit_ends_within_a_row_of_several_records(file, tmp_path):
    (made,) = run_steps([Read(str(file), limit=55)], artefacts=tmp_path / "artefacts")
    assert made.counts()["out"] == 55
